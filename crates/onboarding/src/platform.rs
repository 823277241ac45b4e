//! What kind of device asks.

/// A kind of device, as far as its steps differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Platform {
    /// Android, and Chrome OS, which has its menus.
    Android,
    /// iPhone and iPad.
    Ios,
    /// Linux and other systems with X11 or Wayland.
    Linux,
    /// A Mac; an iPad says that it is one, too.
    MacOs,
    /// Windows.
    Windows,
}

impl Platform {
    /// All of them, in the order of a page that nobody knows the device of.
    pub const ALL: [Self; 5] = [
        Self::Ios,
        Self::Android,
        Self::MacOs,
        Self::Windows,
        Self::Linux,
    ];

    /// What a `User-Agent` header says, if it says anything: the order of the questions matters, since Android calls
    /// itself Linux, and old Windows phones called themselves everything.
    #[must_use]
    pub fn of_user_agent(user_agent: &str) -> Option<Self> {
        [
            (&["Windows"][..], Self::Windows),
            (&["Android"], Self::Android),
            (&["iPhone", "iPad", "iPod"], Self::Ios),
            (&["Macintosh", "Mac OS X"], Self::MacOs),
            (&["CrOS"], Self::Android),
            (&["Linux", "X11", "Wayland", "FreeBSD"], Self::Linux),
        ]
        .into_iter()
        .find(|(words, _)| words.iter().any(|word| user_agent.contains(word)))
        .map(|(_, platform)| platform)
    }

    /// The heading of its section.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Android => "Android",
            Self::Ios => "iPhone and iPad",
            Self::Linux => "Linux",
            Self::MacOs => "Mac",
            Self::Windows => "Windows",
        }
    }

    /// The fragment of its section.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Linux => "linux",
            Self::MacOs => "macos",
            Self::Windows => "windows",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_known_by_its_user_agent() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                Some(Platform::Ios),
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15",
                Some(Platform::Ios),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36",
                Some(Platform::Android),
            ),
            (
                "Mozilla/5.0 (Android 15; Mobile; rv:139.0) Gecko/139.0 Firefox/139.0",
                Some(Platform::Android),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                Some(Platform::MacOs),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
                Some(Platform::Windows),
            ),
            (
                "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Mobile",
                Some(Platform::Windows),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
                Some(Platform::Linux),
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36",
                Some(Platform::Android),
            ),
            ("curl/8.5.0", None),
            ("", None),
        ] {
            assert_eq!(
                Platform::of_user_agent(user_agent),
                expected,
                "{user_agent}"
            );
        }
    }
}
