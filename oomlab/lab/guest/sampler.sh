# Two processes that never fork again: one keeps the beat, one reads /proc. A sampler that forks would
# ask for kernel memory itself, and be the one that meets the OOM killer.
mkfifo /tmp/beat
exec 3<>/tmp/beat
while :; do
    read -r -t "$1" _ <&3
    echo beat
done | awk -f /sampler.awk >/dev/ttyS2
