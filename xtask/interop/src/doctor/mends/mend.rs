//! What is wrong with files, and how to tell that it is mended.

/// One thing wrong, and how to tell that it is mended. All run in a copy of the lab.
#[derive(Clone, Copy)]
pub(super) struct Mend {
    pub(super) name: &'static str,
    /// What the doctor has to find first.
    pub(super) id: &'static str,
    /// What it is given.
    pub(super) targets: &'static str,
    /// The commands that break it.
    pub(super) fault: &'static str,
    /// Fails before it is mended and succeeds afterwards; empty where the doctor alone can tell.
    pub(super) holds: &'static str,
}
