//! Comparing clocks by what each process writes, without the clock of the database.
//!
//! A process writes its time again and again. Another one that finds it changed knows that it was written since it has
//! last looked, and so between which bounds the two clocks differ. Only a clock that is too far off within these bounds,
//! and twice in a row, counts as different: a commit that took long makes the bounds wide, and nobody wrong.

use std::collections::HashMap;
use std::time::Duration;

use super::clock::ClockState;

/// What a process has written of itself.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) id: [u8; 16],
    pub(crate) beat: i64,
    /// Milliseconds since 1970, by its clock.
    pub(crate) at: i64,
}

/// The other processes, as one of them sees them.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    peers: HashMap<[u8; 16], Peer>,
    /// Whether this clock has agreed with the others once.
    settled: bool,
}

#[derive(Debug)]
struct Peer {
    beat: i64,
    /// How often nothing new was found.
    unchanged: u32,
    /// How often in a row it was too far off.
    far: u32,
    vote: Option<Vote>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Vote {
    Near,
    /// By how many milliseconds it is ahead.
    Far(i64),
}

impl Comparison {
    /// Looks at what all have written, at `at` by the own clock, `since` the last time.
    pub(crate) fn look(
        &mut self,
        own: &[u8; 16],
        processes: &[Process],
        at: i64,
        since: Duration,
    ) -> ClockState {
        self.peers
            .retain(|id, _| processes.iter().any(|process| process.id == *id));
        for process in processes.iter().filter(|process| process.id != *own) {
            match self.peers.get_mut(&process.id) {
                Some(peer) => peer.look(process, at, since),
                None => {
                    let near = (process.at - at).abs() <= LIMIT;
                    let peer = Peer {
                        beat: process.beat,
                        unchanged: 0,
                        far: 0,
                        // What is not near may be of a process that has ended.
                        vote: near.then_some(Vote::Near),
                    };
                    self.peers.insert(process.id, peer);
                }
            }
        }
        let state = self.state();
        self.settled |= state == ClockState::Agrees;
        state
    }

    /// Those that have not been there for long.
    pub(crate) fn gone(&self) -> Vec<[u8; 16]> {
        self.unchanged_for(FORGOTTEN)
    }

    /// Those that do not count any more.
    pub(crate) fn dead(&self) -> Vec<[u8; 16]> {
        self.unchanged_for(DEAD)
    }

    fn unchanged_for(&self, looks: u32) -> Vec<[u8; 16]> {
        let peers = self.peers.iter();
        let unchanged = peers.filter(|(_, peer)| peer.unchanged >= looks);
        unchanged.map(|(id, _)| *id).collect()
    }

    fn state(&self) -> ClockState {
        let live = || self.peers.values().filter(|peer| peer.unchanged < DEAD);
        let near = 1 + live().filter(|peer| peer.vote == Some(Vote::Near)).count();
        let open = live().filter(|peer| peer.vote.is_none()).count();
        let mut far: Vec<_> = live()
            .filter_map(|peer| match peer.vote {
                Some(Vote::Far(ahead)) => Some(-ahead / 1000),
                _ => None,
            })
            .collect();
        far.sort_unstable();
        let middle = far.get(far.len() / 2).copied();
        match middle {
            _ if !self.settled && open > 0 && near <= far.len() + open => ClockState::Comparing,
            None => ClockState::Agrees,
            Some(seconds) if near < far.len() => ClockState::Wrong { seconds },
            // Who is new has to agree with those that are there.
            Some(seconds) if near == far.len() && self.settled => ClockState::Disputed { seconds },
            Some(seconds) if near == far.len() => ClockState::Wrong { seconds },
            Some(_) => ClockState::Agrees,
        }
    }
}

impl Peer {
    fn look(&mut self, process: &Process, at: i64, since: Duration) {
        if process.beat == self.beat {
            self.unchanged = self.unchanged.saturating_add(1);
            return;
        }
        self.beat = process.beat;
        self.unchanged = 0;
        let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let least = process.at.saturating_sub(at);
        let most = least.saturating_add(since);
        let ahead = match () {
            () if least > LIMIT => least,
            () if most < -LIMIT => most,
            () => {
                self.far = 0;
                self.vote = Some(Vote::Near);
                return;
            }
        };
        self.far = self.far.saturating_add(1);
        if self.far >= SURE {
            self.vote = Some(Vote::Far(ahead));
        }
    }
}

/// How far clocks may be apart, in milliseconds.
const LIMIT: i64 = 30_000;
/// After so many looks without news a process does not count any more.
const DEAD: u32 = 5;
const FORGOTTEN: u32 = 300;
/// After so many looks in a row a clock is known to be far off.
const SURE: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(2);
    const HOURS: i64 = 2 * 3600;

    /// What a process sees that is `own` seconds ahead, of others that are `others` seconds ahead, look by look.
    fn states(own: i64, others: &[i64], looks: i64) -> Vec<ClockState> {
        let mut comparison = Comparison::default();
        let mut state = |look: i64| {
            let process = |(number, ahead): (u8, &i64)| Process {
                id: [number; 16],
                beat: look,
                at: (look * 2 + ahead) * 1000,
            };
            let all: Vec<_> = (1..).zip(others).map(process).collect();
            comparison.look(&[0; 16], &all, (look * 2 + own) * 1000 + 500, EVERY)
        };
        (0..looks).map(&mut state).collect()
    }

    #[test]
    fn the_one_that_is_off_is_wrong_and_the_others_agree() {
        for ahead in [HOURS, -HOURS, 40, -40] {
            let wrong = states(ahead, &[0, 0], 4);
            assert_eq!(wrong.first(), Some(&ClockState::Comparing), "{ahead}");
            let last = wrong.last().copied();
            let Some(ClockState::Wrong { seconds }) = last else {
                unreachable!("{last:?}")
            };
            assert!((seconds - ahead).abs() <= 3, "{seconds} for {ahead}");
            assert!(wrong.iter().all(|state| !state.may_sign()));
            for state in states(0, &[0, ahead], 4) {
                assert_eq!(state, ClockState::Agrees, "{ahead}");
            }
        }
        assert_eq!(states(20, &[0, 0], 4), [ClockState::Agrees; 4]);
        assert_eq!(states(HOURS, &[], 2), [ClockState::Agrees; 2]);
    }

    #[test]
    fn of_two_the_new_one_has_to_agree_and_later_nobody_knows() {
        let newcomer = states(HOURS, &[0], 5);
        assert!(newcomer.iter().all(|state| !state.may_sign()));
        let mut comparison = Comparison::default();
        let mut seen = Vec::new();
        for look in 0..8 {
            // The other clock jumps after three beats.
            let jump = if look < 3 { 0 } else { 3_600_000 };
            let other = Process {
                id: [1; 16],
                beat: look,
                at: look * 2000 + jump,
            };
            seen.push(comparison.look(&[0; 16], &[other], look * 2000, EVERY));
        }
        assert_eq!(seen[..4], [ClockState::Agrees; 4]);
        assert!(
            matches!(seen[7], ClockState::Disputed { seconds } if seconds < -3590),
            "{seen:?}"
        );
    }

    #[test]
    fn a_process_that_has_ended_does_not_count() {
        let mut comparison = Comparison::default();
        let ended = Process {
            id: [1; 16],
            beat: 7,
            at: 0,
        };
        let mut looks = (0..302).map(|look| {
            let at = 10_000_000 + look * 2000;
            comparison.look(&[0; 16], std::slice::from_ref(&ended), at, EVERY)
        });
        let first: Vec<_> = looks.by_ref().take(6).collect();
        assert_eq!(first[..5], [ClockState::Comparing; 5]);
        assert_eq!(first[5], ClockState::Agrees);
        assert_eq!(looks.last(), Some(ClockState::Agrees));
        assert_eq!(comparison.gone(), [[1; 16]]);
    }

    #[test]
    fn a_commit_that_took_long_makes_nobody_wrong() {
        let mut comparison = Comparison::default();
        let mut state = ClockState::Unknown;
        for look in 0..6_i64 {
            // What is found after a minute was written when it began.
            let since = Duration::from_secs(60);
            let process = |id| Process {
                id: [id; 16],
                beat: look,
                at: look * 60_000 - 55_000,
            };
            let at = look * 60_000;
            state = comparison.look(&[0; 16], &[process(1), process(2)], at, since);
        }
        assert_eq!(state, ClockState::Agrees);
    }
}
