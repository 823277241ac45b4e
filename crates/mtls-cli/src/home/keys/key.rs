//! Which keys a CA has.

/// Which of a CA's keys: the first root has the number 1, and each rotation makes the next.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct CaKey {
    pub(crate) role: CaRole,
    pub(crate) number: u32,
}

/// What a key of a CA signs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum CaRole {
    /// CAs.
    Root,
    /// Leaves.
    Issuing,
}

impl CaKey {
    pub(crate) const FIRST_ROOT: Self = Self::root(1);
    pub(crate) const FIRST_ISSUING: Self = Self::issuing(1);

    pub(crate) const fn root(number: u32) -> Self {
        let role = CaRole::Root;
        Self { role, number }
    }

    pub(crate) const fn issuing(number: u32) -> Self {
        let role = CaRole::Issuing;
        Self { role, number }
    }

    /// `root`, `issuing`, after a rotation `issuing-2`: of its files and in its URLs.
    pub(crate) fn name(self) -> String {
        let role = match self.role {
            CaRole::Root => "root",
            CaRole::Issuing => "issuing",
        };
        match self.number {
            1 => role.to_owned(),
            number => format!("{role}-{number}"),
        }
    }

    /// How long its CRLs count.
    pub(crate) fn crl_life(self) -> time::Duration {
        match self.role {
            CaRole::Root => time::Duration::days(90),
            CaRole::Issuing => time::Duration::days(7),
        }
    }
}
