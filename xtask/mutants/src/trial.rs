//! Trying a change: are there tests that come by it and fail?

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Result;

use crate::change::Change;
use crate::outcomes::{Outcome, Outcomes};
use crate::program::{Program, Test};
use crate::run::{Ended, run};
use crate::shared::lock;

/// What changes are tried with.
pub(crate) struct Trial<'a> {
    programs: &'a [Program],
    tests: &'a [Test],
    /// How many tests are run for a change.
    most: usize,
    /// The file of each change, by its number.
    files: Vec<String>,
    /// By how many tests each change is reached.
    popularity: HashMap<usize, usize>,
    outcomes: &'a Outcomes,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        programs: &'a [Program],
        tests: &'a [Test],
        files: Vec<String>,
        most: usize,
        outcomes: &'a Outcomes,
    ) -> Self {
        let mut popularity = HashMap::new();
        for id in tests.iter().flat_map(|test| &test.reached) {
            *popularity.entry(*id).or_default() += 1;
        }
        Self {
            programs,
            tests,
            most,
            files,
            popularity,
            outcomes,
        }
    }

    /// Tries all of them, some at once, and tells of each as soon as its outcome is known.
    pub(crate) fn all(
        &self,
        changes: Vec<(usize, &Change)>,
        jobs: usize,
        tell: impl FnMut(&Change, Outcome) + Send,
    ) -> Result<()> {
        let waiting = Mutex::new(changes.into_iter());
        let tell = Mutex::new(tell);
        let work = || -> Result<()> {
            loop {
                let Some((id, change)) = lock(&waiting).next() else {
                    return Ok(());
                };
                let outcome = self.one(id, change)?;
                lock(&tell)(change, outcome);
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                worker.join().expect("a worker does not panic")?;
            }
            Ok(())
        })
    }

    fn one(&self, id: usize, change: &Change) -> Result<Outcome> {
        let mut tests = self.most_specific(id);
        let programs = || tests.iter().map(|test| self.program(test));
        if let Some(outcome) = self.outcomes.of(change, programs()) {
            return Ok(outcome);
        }
        // What noticed it the last time will most likely do so again.
        let before = self.outcomes.noticed_by(change);
        let before = tests
            .iter()
            .position(|test| before == Some(test.name.as_str()));
        if let Some(at) = before {
            tests[..=at].rotate_right(1);
        }
        let are_all = tests.len() <= self.most;
        tests.truncate(self.most);
        let mut size = if before.is_some() { 1 } else { FIRST };
        let mut waiting = &tests[..];
        while !waiting.is_empty() {
            let (now, later) = waiting.split_at(size.min(waiting.len()));
            if let Some((test, by)) = self.first_that_fails(id, now)? {
                return self.outcomes.noticed(change, test, self.program(test), by);
            }
            waiting = later;
            size = FIRST.max(4 * size);
        }
        if are_all {
            let programs = tests.iter().map(|test| self.program(test));
            self.outcomes.survived(change, programs, tests.len())?;
        }
        Ok(Outcome::Survived(tests.len()))
    }

    fn program(&self, of: &Test) -> &Program {
        &self.programs[of.program]
    }

    /// The tests that come by a change. First are those that are about its file: of the changes there, they come by such
    /// that few others do. Of two that are about it, the quicker one.
    fn most_specific(&self, id: usize) -> Vec<&'a Test> {
        let is_near = |other: &&usize| self.file_of(**other) == self.file_of(id);
        let weight = |test: &Test| -> f64 {
            let near = test.reached.iter().filter(is_near);
            let near: f64 = near.map(|other| 1.0 / self.reached_by(*other) as f64).sum();
            near / (test.takes + START).as_secs_f64()
        };
        let mut tests: Vec<(f64, &Test)> = self
            .tests
            .iter()
            .filter(|test| test.reached.contains(&id))
            .map(|test| (weight(test), test))
            .collect();
        tests.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        tests.into_iter().map(|(_, test)| test).collect()
    }

    fn file_of(&self, id: usize) -> Option<&str> {
        self.files.get(id).map(String::as_str)
    }

    /// How many tests come by a change.
    fn reached_by(&self, id: usize) -> usize {
        self.popularity.get(&id).copied().unwrap_or(1)
    }

    /// The test that fails, and in which way. The program of the first is run first.
    fn first_that_fails<'t>(
        &self,
        id: usize,
        tests: &[&'t Test],
    ) -> Result<Option<(&'t Test, String)>> {
        let mut waiting = tests.to_vec();
        while let Some(first) = waiting.first().copied() {
            let (tests, others): (Vec<_>, _) = waiting
                .into_iter()
                .partition(|test| test.program == first.program);
            if let Some(failed) = self.fails(id, &tests)? {
                return Ok(Some(failed));
            }
            waiting = others;
        }
        Ok(None)
    }

    /// The same for tests of one program. One that fails has to do so by itself, too, or the other tests and what else
    /// the machine does may be why.
    fn fails<'t>(&self, id: usize, tests: &[&'t Test]) -> Result<Option<(&'t Test, String)>> {
        let mut waiting = tests.to_vec();
        while let Some(first) = waiting.first().copied() {
            let (Ended::Failed(name) | Ended::Waits(name) | Ended::Died(name)) =
                self.run(Some(id), &waiting)?
            else {
                return Ok(None);
            };
            let at = waiting.iter().position(|test| test.name == name);
            let test = at.map_or(first, |at| waiting[at]);
            match self.run(Some(id), &[test])? {
                Ended::Passed => waiting.retain(|it| it.name != test.name),
                // A machine with much else to do can be why, which shows where nothing is changed.
                _ if test.takes > LONG && self.run(None, &[test])? != Ended::Passed => {
                    waiting.retain(|it| it.name != test.name);
                }
                Ended::Failed(_) => return Ok(Some((test, name))),
                Ended::Waits(_) => return Ok(Some((test, format!("{name} does not end")))),
                Ended::Died(_) => return Ok(Some((test, format!("{name} ends the program")))),
            }
        }
        Ok(None)
    }

    /// With this change on, or with none.
    fn run(&self, id: Option<usize>, tests: &[&Test]) -> Result<Ended> {
        let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        let mut command = self.program(tests[0]).command();
        command
            .arg(format!("--test-threads={THREADS}"))
            .env("MUTANT", id.map_or(String::new(), |id| id.to_string()))
            .env_remove("RUST_BACKTRACE");
        // A server or a client may wait for ever then, which is noticed, too.
        let longest = tests.iter().map(|test| test.takes).max();
        let patience = PATIENCE + 5 * longest.unwrap_or_default();
        run(command, &names, patience)
    }
}

/// How many tests are tried first.
const FIRST: usize = 6;
/// At once, as those that take long do so by waiting.
const THREADS: usize = 8;
/// Tests that take so long measure how long something takes.
const LONG: Duration = Duration::from_secs(1);
/// Beside five times what the longest of them takes by itself, since the last one that ended.
const PATIENCE: Duration = Duration::from_secs(6);
/// What each test costs beside its own time.
const START: Duration = Duration::from_millis(20);
