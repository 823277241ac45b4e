//! What became of the changes, in this run and in those before.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::memory::Memory;
use crate::program::{Program, Test};

/// What became of a change.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) enum Outcome {
    /// By the test that failed first, or in which way.
    Noticed(String),
    /// So many tests passed.
    Survived(usize),
}

/// The outcomes of earlier runs, to which those of this one are added.
pub(crate) struct Outcomes {
    /// By file and change.
    known: BTreeMap<(String, String), Known>,
    memory: Memory,
}

#[derive(Deserialize, Serialize)]
struct Known {
    file: String,
    change: String,
    outcome: Outcome,
    /// The test that noticed.
    test: Option<String>,
    /// The stamps of the programs that this was found out with: as long as they are the same, it is true.
    programs: BTreeSet<String>,
}

impl Outcomes {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut known = BTreeMap::new();
        let (memory, all) = Memory::open(path, |all: Vec<Known>| {
            let key = |it: &Known| (it.file.clone(), it.change.clone());
            let mut seen = HashSet::new();
            let latest = all.into_iter().rev().filter(|it| seen.insert(key(it)));
            latest.collect()
        })?;
        for it in all {
            known.insert((it.file.clone(), it.change.clone()), it);
        }
        Ok(Self { known, memory })
    }

    fn get(&self, change: &Change) -> Option<&Known> {
        self.known.get(&(change.file.clone(), change.what.clone()))
    }

    /// What became of it, if none of the programs was built anew since.
    ///
    /// One that was noticed stays noticed as long as the program is the same whose test did. One that survived may be
    /// noticed by any of those whose tests come by it.
    pub(crate) fn of<'p>(
        &self,
        change: &Change,
        programs: impl Iterator<Item = &'p Program>,
    ) -> Option<Outcome> {
        let known = self.get(change)?;
        let now: BTreeSet<String> = programs.map(|it| it.stamp.clone()).collect();
        let is_true = match known.outcome {
            Outcome::Noticed(_) => known.programs.is_subset(&now),
            Outcome::Survived(_) => known.programs == now,
        };
        is_true.then(|| known.outcome.clone())
    }

    /// The test that noticed it the last time, with whatever program.
    pub(crate) fn noticed_by(&self, change: &Change) -> Option<&str> {
        self.get(change)?.test.as_deref()
    }

    pub(crate) fn noticed(
        &self,
        change: &Change,
        test: &Test,
        of: &Program,
        by: String,
    ) -> Result<Outcome> {
        let outcome = Outcome::Noticed(by);
        let test = Some(test.name.clone());
        self.add(change, outcome.clone(), test, [of])?;
        Ok(outcome)
    }

    pub(crate) fn survived<'p>(
        &self,
        change: &Change,
        programs: impl IntoIterator<Item = &'p Program>,
        tests: usize,
    ) -> Result<Outcome> {
        let outcome = Outcome::Survived(tests);
        self.add(change, outcome.clone(), None, programs)?;
        Ok(outcome)
    }

    fn add<'p>(
        &self,
        change: &Change,
        outcome: Outcome,
        test: Option<String>,
        programs: impl IntoIterator<Item = &'p Program>,
    ) -> Result<()> {
        self.memory.add(&Known {
            file: change.file.clone(),
            change: change.what.clone(),
            outcome,
            test,
            programs: programs.into_iter().map(|it| it.stamp.clone()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_outcome_is_true_until_a_program_changes_that_it_depends_on() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("outcomes.json");
        let change = |line, what: &str| Change {
            file: "a.rs".to_owned(),
            line,
            what: what.to_owned(),
        };
        let program = |stamp: &str| Program {
            path: "a".into(),
            directory: "b".into(),
            stamp: stamp.to_owned(),
        };
        let (one, other, newer) = (program("1"), program("2"), program("3"));
        let test = Test {
            program: 0,
            name: "t".to_owned(),
            reached: HashSet::new(),
            takes: Duration::ZERO,
        };
        let outcomes = Outcomes::open(&path)?;
        let (noticed, survived) = (change(1, "noticed"), change(2, "survived"));
        outcomes.survived(&noticed, [&one, &other], 2)?;
        outcomes.noticed(&noticed, &test, &one, "t does not end".to_owned())?;
        outcomes.survived(&survived, [&one, &other], 2)?;

        let outcomes = Outcomes::open(&path)?;
        // The line is another by now.
        let (noticed, survived) = (change(5, "noticed"), change(6, "survived"));
        let by = Outcome::Noticed("t does not end".to_owned());
        for (programs, expected) in [
            (
                [&one, &other],
                [Some(by.clone()), Some(Outcome::Survived(2))],
            ),
            ([&one, &newer], [Some(by), None]),
            ([&newer, &other], [None, None]),
        ] {
            let of = |change| outcomes.of(change, programs.into_iter());
            assert_eq!([of(&noticed), of(&survived)], expected);
        }
        assert_eq!(outcomes.noticed_by(&noticed), Some("t"));
        assert_eq!(outcomes.noticed_by(&survived), None);
        assert_eq!(outcomes.of(&change(1, "new"), [&one].into_iter()), None);
        Ok(())
    }
}
