# %% [markdown]
# # 00 · What killed a 32 GB server with 500 MB free and unused swap?
#
# *This is a placeholder while the course is being written.*
#
# Run each cell with **Shift+Enter**.

# %%
from oomlab.check import check, hint, problem, solution

# %% [markdown]
# ### Exercise 00.1: pages
#
# The report prints `Normal free:8056kB`. The kernel itself counts in pages of 4 kB.

# %% tags=["exercise"]
# How many pages are 8056 kB?
free_pages = 8056 // 4

# %% tags=["check"]
check("00.1", free_pages)

# %% tags=["solution"]
solution("00.1")
