use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Puts a file there as a whole, readable by its owner alone.
pub(crate) fn write(directory: &Path, name: &str, content: &str) -> PathBuf {
    let path = directory.join(name);
    let new = directory.join(format!(".{name}.new"));
    let written = create(&new)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .and_then(|()| fs::rename(&new, &path));
    match written {
        Ok(()) => path,
        #[allow(clippy::panic, reason = "a test that cannot write its files is over")]
        Err(error) => panic!("cannot write {}: {error}", path.display()),
    }
}

fn create(path: &Path) -> std::io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
