# The table of vm/bench-real, from the lines of the virtual machine; writes the same as JSON into the file
# `json`. In parentheses: of the first scheduler's (the kernel's default, unless others were chosen).
function order(list, name) {
    if (!((list, name) in place)) {
        place[list, name] = ++length_of[list]
        at[list, length_of[list]] = name
    }
}
function number(value) {
    if (value == "") return "–"
    if (value >= 1000) {
        value = sprintf("%.0f", value)
        out = ""
        while (length(value) > 3) {
            out = "," substr(value, length(value) - 2) out
            value = substr(value, 1, length(value) - 3)
        }
        return value out
    }
    return value >= 100 ? sprintf("%.0f", value) : value >= 10 ? sprintf("%.1f", value) : value >= 0.1 ? sprintf("%.2f", value) : value > 0 ? sprintf("%.4f", value) : "0"
}
# A row, if any scheduler has that figure. `compared`: with the ratio to the first one's.
function row(program, beside, figure, title, compared, line, i, scheduler, value, first, any) {
    line = ""
    first = value_of[program, beside, at["scheduler", 1], figure]
    for (i = 1; i <= length_of["scheduler"]; i++) {
        scheduler = at["scheduler", i]
        value = value_of[program, beside, scheduler, figure]
        if (value != "") any = 1
        line = line " " number(value)
        if (compared && i > 1 && value != "" && first > 0) line = line sprintf(" (%.2f)", value / first)
        line = line " |"
    }
    if (any) printf "| %s | %s | %s |%s\n", program, beside, title, line
}
# What the kernel counted, for each unit of work.
function each(program, beside, scheduler, list, figure, units, count) {
    units = value_of[program, beside, scheduler, "units"]
    count = value_of[program, beside, scheduler, figure]
    if (units <= 0 || count == "") return
    value_of[program, beside, scheduler, figure "_per_unit"] = count / units
    order(list, figure "_per_unit")
}
$1 == "@machine" { kernel = $2; cpus = $3 }
$1 == "@figure" && NF == 6 {
    order("program", $2)
    order("beside", $3)
    order("scheduler", $4)
    value_of[$2, $3, $4, $5] = $6
    order("figures of " $2 " " $3 " " $4, $5)
}
END {
    printf "Linux %s, %d CPU, dualq-top %s.\n\n", kernel, cpus, commit
    heads = ""
    rule = ""
    for (i = 1; i <= length_of["scheduler"]; i++) {
        heads = heads " " at["scheduler", i] " |"
        rule = rule "---|"
    }
    printf "| program | beside | |%s\n|---|---|---|%s\n", heads, rule
    printf "{\"kernel\":\"%s\",\"cpus\":%d,\"version\":\"%s\",\"measured\":[", kernel, cpus, commit >json
    for (p = 1; p <= length_of["program"]; p++) for (b = 1; b <= length_of["beside"]; b++) {
        program = at["program", p]
        beside = at["beside", b]
        for (s = 1; s <= length_of["scheduler"]; s++) {
            scheduler = at["scheduler", s]
            list = "figures of " program " " beside " " scheduler
            if (!length_of[list]) continue
            each(program, beside, scheduler, list, "switches")
            each(program, beside, scheduler, list, "migrations")
            each(program, beside, scheduler, list, "interrupts")
            printf "%s{\"program\":\"%s\",\"beside\":\"%s\",\"scheduler\":\"%s\"", comma, program, beside, scheduler >json
            comma = ","
            for (f = 1; f <= length_of[list]; f++)
                printf ",\"%s\":%s", at[list, f], value_of[program, beside, scheduler, at[list, f]] + 0 >json
            printf "}" >json
        }
        row(program, beside, "per_second", "a second", 1)
        row(program, beside, "seconds", "seconds", 1)
        row(program, beside, "missed_per_second", "missed a second", 0)
        row(program, beside, "p50_ms", "p50, ms", 0)
        row(program, beside, "p99_ms", "p99, ms", 1)
        row(program, beside, "switches_per_unit", "context switches for each", 1)
        row(program, beside, "migrations_per_unit", "migrations for each", 1)
        row(program, beside, "interrupts_per_unit", "reschedule IPIs for each", 1)
        row(program, beside, "others_percent", "others' CPU, %", 0)
    }
    print "]}" >json
}
