"""What explorers are made of: controls, pictures, and the widgets that show them."""
