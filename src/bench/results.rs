//! All figures of all repetitions, by measurement and contender.

use super::contender::Contender;
use super::figure::Figure;
use super::machine::Machine;
use super::measurement::Measurement;
use super::statistics::Spread;

/// A row of a table: a contender's figures, in the order of the columns.
#[derive(Debug, Clone)]
pub struct Row {
    pub contender: Contender,
    pub figures: Vec<(Figure, Vec<f64>)>,
}

/// All figures of a run, and the machine that they are of.
#[derive(Debug, Clone)]
pub struct Results {
    /// The machine and its kernel.
    pub machine: Machine,
    /// The schedulers' own names, in the order of the plan.
    pub peers: Vec<String>,
    /// The number of repetitions in the plan.
    pub repetitions_wanted: u32,
    /// Number of complete repetitions.
    pub repetitions: u32,
    /// The length of a measurement, in seconds.
    pub seconds: f64,
    /// A shorter plan was asked for.
    pub quick: bool,
    /// The figures of each contender, by measurement, in the order of the plan.
    pub tables: Vec<(Measurement, Vec<Row>)>,
    /// The figures of attaching, detaching and memory.
    pub cost: Vec<(Figure, Vec<f64>)>,
}

impl Results {
    /// Adds the figures of one repetition.
    pub fn add(
        &mut self,
        measurement: Measurement,
        contender: Contender,
        figures: Vec<(Figure, f64)>,
    ) {
        let table = place(&mut self.tables, &measurement);
        let row = match table.iter().position(|row| row.contender == contender) {
            Some(at) => &mut table[at],
            None => {
                table.push(Row {
                    contender,
                    figures: Vec::new(),
                });
                let last = table.len() - 1;
                &mut table[last]
            }
        };
        for (figure, value) in figures {
            place(&mut row.figures, &figure).push(value);
        }
    }

    /// Adds a figure of attaching, detaching or memory.
    pub fn add_cost(&mut self, figure: Figure, value: f64) {
        place(&mut self.cost, &figure).push(value);
    }

    /// Returns a figure over all repetitions; `None` if it was not measured.
    #[must_use]
    pub fn find(
        &self,
        measurement: Measurement,
        contender: Contender,
        figure: Figure,
    ) -> Option<Spread> {
        let table = self.tables.iter().find(|(one, _)| *one == measurement)?;
        table
            .1
            .iter()
            .find(|row| row.contender == contender)?
            .find(figure)
    }

    /// The same of attaching, detaching and memory.
    #[must_use]
    pub fn find_cost(&self, figure: Figure) -> Option<Spread> {
        let found = self.cost.iter().find(|(one, _)| *one == figure)?;
        Spread::of(&found.1)
    }
}

impl Row {
    /// Returns a figure over all repetitions; `None` if it was not measured.
    #[must_use]
    pub fn find(&self, figure: Figure) -> Option<Spread> {
        let found = self.figures.iter().find(|(one, _)| *one == figure)?;
        Spread::of(&found.1)
    }
}

/// Returns the entry of a key, and creates it if there is none.
fn place<'a, K: PartialEq + Copy, V: Default>(list: &'a mut Vec<(K, V)>, key: &K) -> &'a mut V {
    let at = list.iter().position(|(one, _)| one == key);
    let at = at.unwrap_or_else(|| {
        list.push((*key, V::default()));
        list.len() - 1
    });
    &mut list[at].1
}
