//! CPUs in the order in which they are shown, and shared out among cells. Those that share a last
//! cache (LLC) or a memory node stand together, and are added up with each other first.

use std::collections::BTreeSet;

use crate::model::Cpu;

/// One place in a panel: a CPU, or some that are added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub label: String,
    /// Indexes into the snapshot's CPUs.
    pub cpus: Vec<usize>,
}

/// The node and the last cache of a CPU, as far as they are known.
type Place = (Option<u32>, Option<u32>);

/// The domains that the machine has more than one of.
struct Machine {
    llcs: Vec<u32>,
    nodes: Vec<u32>,
}

impl Machine {
    fn of(cpus: &[Cpu]) -> Self {
        let llcs: BTreeSet<u32> = cpus.iter().filter_map(|cpu| cpu.llc).collect();
        let nodes: BTreeSet<u32> = cpus.iter().filter_map(|cpu| cpu.node).collect();
        Self {
            llcs: llcs.into_iter().collect(),
            nodes: nodes.into_iter().collect(),
        }
    }

    /// `N0`, `L3`, or both where a node has several last caches; nothing on a machine with one.
    fn name(&self, cpu: &Cpu, with_llc: bool) -> String {
        let mut name = String::new();
        if let (Some(node), true) = (cpu.node, self.nodes.len() > 1) {
            name.push_str(&format!("N{node}"));
        }
        // Numbered in the order of their first CPUs.
        let llc = cpu.llc.and_then(|llc| self.llcs.binary_search(&llc).ok());
        if let (Some(llc), true) = (llc, with_llc && self.llcs.len() > self.nodes.len().max(1)) {
            name.push_str(&format!("L{llc}"));
        }
        name
    }

    /// The CPUs in groups: by last cache, by node, or all together: by the first of these of which
    /// `least` CPUs do not fill more than one.
    fn domains(&self, cpus: &[Cpu], shown: &[usize], least: usize) -> Vec<(String, Vec<usize>)> {
        for with_llc in [true, false] {
            let mut domains: Vec<(Place, String, Vec<usize>)> = Vec::new();
            for &index in shown {
                let Some(cpu) = cpus.get(index) else { continue };
                let key = (cpu.node, cpu.llc.filter(|_| with_llc));
                match domains.iter_mut().find(|(other, ..)| *other == key) {
                    Some((_, _, members)) => members.push(index),
                    None => domains.push((key, self.name(cpu, with_llc), vec![index])),
                }
            }
            let largest = domains.iter().map(|(.., members)| members.len()).max();
            if least <= largest.unwrap_or(0) {
                // Those whose place is not known come last.
                let unknown = |place: &Option<u32>| (place.is_none(), *place);
                domains.sort_by_key(|((node, llc), ..)| (unknown(node), unknown(llc)));
                return domains
                    .into_iter()
                    .map(|(_, name, members)| (name, members))
                    .collect();
            }
        }
        vec![(String::new(), shown.to_vec())]
    }
}

/// The CPUs that get cells of their own, and those that share the last one. Where several are offline, they
/// have nothing to show, and would take the place of those that work.
fn shown(cpus: &[Cpu]) -> (Vec<usize>, Vec<usize>) {
    let offline = |index: &usize| cpus.get(*index).is_some_and(|cpu| !cpu.online);
    let (off, on): (Vec<usize>, Vec<usize>) = (0..cpus.len()).partition(offline);
    if off.len() < 2 || on.is_empty() {
        return ((0..cpus.len()).collect(), Vec::new());
    }
    (on, off)
}

/// The cells where at most `group` CPUs share one.
pub fn cells(cpus: &[Cpu], group: usize) -> Vec<Cell> {
    let group = group.max(1);
    let (shown, together) = shown(cpus);
    let mut cells = Vec::new();
    for (name, members) in Machine::of(cpus).domains(cpus, &shown, group) {
        let whole = members.len() <= group && members.len() > 1 && !name.is_empty();
        for part in members.chunks(group) {
            let label = if whole {
                name.clone()
            } else if name.is_empty() {
                numbers(cpus, part)
            } else {
                format!("{name} {}", numbers(cpus, part))
            };
            cells.push(Cell {
                label,
                cpus: part.to_vec(),
            });
        }
    }
    if !together.is_empty() {
        cells.push(Cell {
            label: numbers(cpus, &together),
            cpus: together,
        });
    }
    cells
}

/// Returns the width in cells.
pub fn count(cpus: &[Cpu], group: usize) -> usize {
    let group = group.max(1);
    let (shown, together) = shown(cpus);
    let domains = Machine::of(cpus).domains(cpus, &shown, group);
    let cells = domains
        .iter()
        .map(|(_, members)| members.len().div_ceil(group));
    cells.sum::<usize>() + usize::from(!together.is_empty())
}

/// `3`, `0-3`, and `0-3…` where more of them follow elsewhere.
fn numbers(cpus: &[Cpu], part: &[usize]) -> String {
    let number = |index: usize| cpus.get(index).map_or(0, |cpu| cpu.number);
    let Some(&first) = part.first() else {
        return String::new();
    };
    let run = (number(first)..)
        .zip(part)
        .take_while(|(expected, index)| number(**index) == *expected)
        .count();
    let last = part.get(run - 1).map_or(0, |&index| number(index));
    let more = if run < part.len() { "…" } else { "" };
    match run {
        1 => format!("{}{more}", number(first)),
        _ => format!("{}-{last}{more}", number(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `llc` and `node` of each CPU by its number.
    fn cpus(count: u32, llc: impl Fn(u32) -> u32, node: impl Fn(u32) -> u32) -> Vec<Cpu> {
        (0..count)
            .map(|number| Cpu {
                number,
                online: true,
                busy_percent: None,
                counters: None,
                llc: Some(llc(number)),
                node: Some(node(number)),
            })
            .collect()
    }

    fn labels(cpus: &[Cpu], group: usize) -> Vec<String> {
        let cells = cells(cpus, group);
        assert_eq!(cells.len(), count(cpus, group));
        let mut all: Vec<usize> = cells.iter().flat_map(|cell| cell.cpus.clone()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..cpus.len()).collect::<Vec<_>>(), "each once");
        cells.into_iter().map(|cell| cell.label).collect()
    }

    #[test]
    fn a_machine_with_one_cache_has_numbers_only() {
        let machine = cpus(4, |_| 0, |_| 0);
        assert_eq!(labels(&machine, 1), ["0", "1", "2", "3"]);
        assert_eq!(labels(&machine, 2), ["0-1", "2-3"]);
        assert_eq!(labels(&machine, 8), ["0-3"]);
    }

    #[test]
    fn siblings_of_a_cache_stand_together_and_are_added_up_first() {
        // As where each core's second thread is numbered after all first ones.
        let machine = cpus(8, |n| n % 4 / 2 * 2, |_| 0);
        assert_eq!(
            labels(&machine, 1),
            [
                "L0 0", "L0 1", "L0 4", "L0 5", "L1 2", "L1 3", "L1 6", "L1 7"
            ]
        );
        assert_eq!(
            labels(&machine, 2),
            ["L0 0-1", "L0 4-5", "L1 2-3", "L1 6-7"]
        );
        assert_eq!(labels(&machine, 4), ["L0", "L1"]);
        assert_eq!(labels(&machine, 8), ["0-7"]);
    }

    #[test]
    fn caches_are_named_only_if_a_node_has_several() {
        let sockets = cpus(4, |n| n / 2 * 2, |n| n / 2);
        assert_eq!(labels(&sockets, 1), ["N0 0", "N0 1", "N1 2", "N1 3"]);
        let large = cpus(8, |n| n / 2 * 2, |n| n / 4);
        assert_eq!(labels(&large, 1)[2..5], ["N0L1 2", "N0L1 3", "N1L2 4"]);
        assert_eq!(labels(&large, 2), ["N0L0", "N0L1", "N1L2", "N1L3"]);
        assert_eq!(labels(&large, 4), ["N0", "N1"]);
        assert_eq!(labels(&large, 8), ["0-7"]);
    }

    #[test]
    fn several_offline_cpus_share_the_last_cell() {
        let mut machine = cpus(6, |_| 0, |_| 0);
        for number in [1, 3, 4, 5] {
            machine[number].online = false;
        }
        assert_eq!(labels(&machine, 1), ["0", "2", "1…"]);
        assert_eq!(labels(&machine, 2), ["0…", "1…"]);
        machine[1].online = true;
        assert_eq!(labels(&machine, 4), ["0-2", "3-5"]);
        // One keeps its place; numbers may have gaps.
        machine.remove(4);
        machine.remove(3);
        assert_eq!(labels(&machine, 1), ["0", "1", "2", "5"]);
        assert_eq!(labels(&machine, 4), ["0-2…"]);
    }

    #[test]
    fn a_cpu_that_was_never_online_comes_last() {
        let mut machine = cpus(3, |n| n, |_| 0);
        machine[0].llc = None;
        machine[0].node = None;
        assert_eq!(labels(&machine, 1), ["L0 1", "L1 2", "0"]);
    }
}
