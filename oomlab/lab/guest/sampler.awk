# One line of counters for each beat, under the column names of data/captures/*.csv: pages and kB as /proc has them.
# SLUB tells of one slab cache at a time. With SLAB there is /proc/slabinfo alone, which takes most of a sample's time.
function slab(name,    path) {
    path = "/sys/kernel/slab/" name
    line = ""
    getline line < path
    close(path)
    split(line, word, " ")
    return word[1]
}
function slabs_of_slub() {
    now["bh"] = slab("buffer_head/objects")
    now["bh_total"] = slab("buffer_head/total_objects")
    now["bh_size"] = slab("buffer_head/slab_size")
    now["rtn"] = slab("radix_tree_node/total_objects")
    now["dentry"] = slab("dentry/total_objects")
}
function slabs_of_any() {
    while ((getline line < "/proc/slabinfo") > 0) {
        if (line !~ /^(buffer_head|radix_tree_node|dentry) /) continue
        split(line, word, " ")
        if (word[1] == "buffer_head") { now["bh"] = word[2]; now["bh_total"] = word[3]; now["bh_size"] = word[4] }
        else if (word[1] == "radix_tree_node") now["rtn"] = word[3]
        else now["dentry"] = word[3]
    }
    close("/proc/slabinfo")
}
BEGIN {
    columns = "t MemFree Cached Buffers HighFree LowFree Dirty Writeback Slab SUnreclaim SReclaimable AnonPages SwapFree " \
        "dmafree dmaactf dmainactf nfree nmin nlow nhigh nactf ninactf hfree hactf hinactf pgscan_k pgscan_d pgsteal_k pgsteal_d oom_kill " \
        "bh bh_total bh_size rtn dentry"
    count = split(columns, column, " ")
    zone["DMA"] = "dma"; zone["Normal"] = "n"; zone["HighMem"] = "h"
    part["min"] = "min"; part["low"] = "low"; part["high"] = "high"
    part["nr_zone_active_file"] = "actf"; part["nr_zone_inactive_file"] = "inactf"
    is_slub = slab("buffer_head/total_objects") != ""
    vm["pgscan_kswapd"] = "pgscan_k"; vm["pgscan_direct"] = "pgscan_d"
    vm["pgsteal_kswapd"] = "pgsteal_k"; vm["pgsteal_direct"] = "pgsteal_d"; vm["oom_kill"] = "oom_kill"
    for (i = 1; i <= count; i++) printf "%s%s", column[i], i < count ? "," : "\n"
    fflush()
}
{
    while ((getline line < "/proc/uptime") > 0) { split(line, word, " "); now["t"] = word[1] }
    close("/proc/uptime")
    while ((getline line < "/proc/meminfo") > 0) { split(line, word, /[: ]+/); now[word[1]] = word[2] }
    close("/proc/meminfo")
    short = ""
    while ((getline line < "/proc/zoneinfo") > 0) {
        if (line !~ /^Node|pages free|^ +(min|low|high) |nr_zone_(in)?active_file/) continue # splitting is slow
        split(line, word, " ")
        if (word[1] == "Node") { short = zone[word[4]]; continue }
        if (short == "") continue
        if (word[1] == "pages" && word[2] == "free") now[short "free"] = word[3]
        else if (word[1] in part) now[short part[word[1]]] = word[2]
    }
    close("/proc/zoneinfo")
    while ((getline line < "/proc/vmstat") > 0) {
        if (line !~ /^(pgscan|pgsteal|oom_kill)/) continue
        split(line, word, " ")
        if (word[1] in vm) now[vm[word[1]]] = word[2]
    }
    close("/proc/vmstat")
    if (is_slub) slabs_of_slub()
    else slabs_of_any()
    for (i = 1; i <= count; i++) printf "%s%s", now[column[i]] + 0, i < count ? "," : "\n"
    fflush()
}
