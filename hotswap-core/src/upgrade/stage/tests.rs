use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::mpsc;
use std::{fs, thread};

use hotswap_loader::testing::closed;
use hotswap_testing::{self as testing, test};
use hotswap_types::ArtifactHash;

use super::{
    open::open,
    whole::{CHUNK, read_open},
    *,
};

struct Place {
    origins: tempfile::TempDir,
    private: PrivateFolder,
}

impl Place {
    fn new() -> Self {
        let origins = tempfile::tempdir().unwrap();
        let private = PrivateFolder::new(&origins.path().join("private")).unwrap();
        Self { origins, private }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.origins.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        closed(&self.path(name));
        self.path(name)
    }

    fn copies(&self) -> usize {
        // Without the lock.
        fs::read_dir(self.private.path()).unwrap().count() - 1
    }

    /// Expects a refusal that leaves nothing behind.
    #[track_caller]
    fn refused(&self, origin: &Path) -> StageError {
        let error = stage(StageRequest::new(origin, &self.private)).unwrap_err();
        assert_eq!(self.copies(), 0, "left behind: {error}");
        assert!(error.to_string().contains(&*origin.to_string_lossy()), "{error}");
        error
    }

    /// Runs `act` on another thread as soon as a copy has been begun.
    fn during_the_copy(&self, act: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
        let folder = self.private.path().to_path_buf();
        thread::spawn(move || {
            while fs::read_dir(&folder).unwrap().count() < 2 {
                thread::yield_now();
            }
            act();
        })
    }
}

#[test]
fn a_complete_file_is_copied_and_hashed() {
    let place = Place::new();
    let content: Vec<u8> = (0..3 * CHUNK + 17).map(|i| (i * i) as u8).collect();
    let origin = place.write("libarcade.so", &content);
    std::os::unix::fs::symlink(&origin, place.path("link.so")).unwrap();
    let staged = stage(StageRequest::new(&place.path("link.so"), &place.private)).unwrap();
    assert_eq!(fs::read(staged.path()).unwrap(), content);
    assert_eq!(staged.hash(), ArtifactHash::of(&content));
    assert_eq!(staged.size(), content.len() as u64);
    assert_eq!(staged.origin(), place.path("link.so"));
    assert_eq!(staged.built(), fs::metadata(&origin).unwrap().modified().ok());
    assert_eq!(staged.completeness(), Completeness::Leased);
    assert_eq!(fs::metadata(staged.path()).unwrap().permissions().mode() & 0o777, 0o500);
    let other = stage(StageRequest::new(&origin, &place.private)).unwrap();
    assert!(other.path() != staged.path() && other.hash() == staged.hash());
    drop(other);
    let copy = staged.into_copy();
    assert_eq!(place.copies(), 1);
    drop(copy);
    assert_eq!(place.copies(), 0);
}

#[test]
fn what_is_not_a_file_is_named() {
    let place = Place::new();
    assert!(matches!(place.refused(&place.path("no.so")), StageError::Missing { .. }));
    let file = place.write("file", b"x");
    assert!(matches!(place.refused(&file.join("below")), StageError::Missing { .. }));
    std::os::unix::fs::symlink("nowhere", place.path("link.so")).unwrap();
    assert!(matches!(place.refused(&place.path("link.so")), StageError::Missing { .. }));
    assert!(matches!(place.refused(&place.write("e.so", b"")), StageError::Empty { .. }));

    let found = |origin: &Path| match place.refused(origin) {
        StageError::NotARegularFile { found, .. } => found,
        other => panic!("{other}"),
    };
    assert_eq!(found(place.origins.path()), "a folder");
    assert_eq!(found(Path::new("/dev/null")), "a device");
    assert!(Command::new("mkfifo").arg(place.path("fifo.so")).status().unwrap().success());
    assert_eq!(found(&place.path("fifo.so")), "a fifo");
    let _socket = std::os::unix::net::UnixListener::bind(place.path("socket.so")).unwrap();
    assert_eq!(found(&place.path("socket.so")), "a socket");
}

#[test]
fn too_large_is_found_before_anything_is_copied() {
    let place = Place::new();
    let origin = place.write("lib.so", b"12345");
    let request = StageRequest::new(&origin, &place.private);
    let error = stage(request.with_limit(4)).unwrap_err();
    assert!(error.to_string().ends_with("has 5 bytes, the limit is 4"), "{error}");
    assert!(stage(request.with_limit(5)).is_ok());
    let huge = File::create(place.path("huge.so")).unwrap();
    huge.set_len(ReadLimits::default().limit + 1).unwrap();
    drop(huge);
    closed(&place.path("huge.so"));
    assert!(matches!(place.refused(&place.path("huge.so")), StageError::TooLarge { .. }));
}

#[test]
fn an_open_writer_is_known() {
    let place = Place::new();
    for prepare in [|file: &File| file.set_len(1 << 16), |mut file: &File| file.write_all(b"half")]
    {
        let writer = File::create(place.path("lib.so")).unwrap();
        // Even before the first byte it is being written, not empty.
        let error = place.refused(&place.path("lib.so"));
        assert!(matches!(error, StageError::BeingWritten { .. }) && error.try_again());
        prepare(&writer).unwrap();
        assert!(matches!(place.refused(&place.path("lib.so")), StageError::BeingWritten { .. }));
        drop(writer);
        closed(&place.path("lib.so"));
        assert!(stage(StageRequest::new(&place.path("lib.so"), &place.private)).is_ok());
    }
}

#[test]
fn a_writer_that_comes_during_the_copy_goes_first() {
    let place = Place::new();
    let origin = place.write("lib.so", b"");
    let file = File::options().write(true).open(&origin).unwrap();
    file.set_len(512 << 20).unwrap();
    drop(file);
    closed(&origin);
    let (opened, is_open) = mpsc::channel();
    let path = origin.clone();
    let writer = place.during_the_copy(move || {
        opened.send(File::options().write(true).open(path).unwrap()).unwrap();
    });
    let error = place.refused(&origin);
    assert!(matches!(error, StageError::BeingWritten { .. }), "{error}");
    drop(is_open.recv_timeout(Duration::from_secs(20)).unwrap());
    writer.join().unwrap();
}

/// Without a lease, as on file systems that have none.
#[test]
fn without_leases_a_file_must_settle() {
    let place = Place::new();
    let path = place.path("lib.so");
    let path = path.as_path();
    let settle = Duration::from_millis(800);
    let stage = || {
        let file = open(path)?;
        let request = StageRequest::new(path, &place.private).with_settle(settle);
        let begin = |expected| Copy::begin(request, expected);
        let (whole, copy) = read_open(path, request.within, begin, &file, None)?;
        copy.finish(whole)
    };
    type Act = fn(&Path);
    let acts: [(&str, Act); 4] = [
        ("bytes", |path| {
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(b"more").unwrap();
        }),
        ("its modification time moved", |path| {
            let mut file = File::options().write(true).open(path).unwrap();
            file.write_all(b"five").unwrap();
        }),
        ("another file took its place", |path| {
            fs::write(path.with_extension("new"), b"four").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }),
        ("nothing is at", |path| fs::remove_file(path).unwrap()),
    ];
    for (wanted, act) in acts {
        fs::write(path, b"four").unwrap();
        let of_writer = path.to_path_buf();
        let writer = place.during_the_copy(move || act(&of_writer));
        let error = stage().unwrap_err();
        writer.join().unwrap();
        // Unlinking is a change of the open file, too.
        let also = "its change time moved";
        let text = error.to_string();
        assert!(text.contains(wanted) || text.contains(also), "{text}, expected {wanted}");
        assert_eq!(place.copies(), 0);
    }
    fs::write(path, b"four").unwrap();
    let staged = stage().unwrap();
    assert!(matches!(staged.completeness(), Completeness::Settled(time) if time >= settle));
}

#[test]
fn files_of_another_user() {
    if let Some(place) = std::env::var_os("HOTSWAP_OF_ROOT").filter(|place| place != "1") {
        let place = Path::new(&place);
        let private = PrivateFolder::new(&std::env::temp_dir()).unwrap();
        let quick = |name: &str| {
            let origin = place.join(name);
            stage(StageRequest::new(&origin, &private).with_settle(Duration::from_millis(1)))
        };
        let error = quick("secret.so").unwrap_err();
        assert!(
            matches!(&error, StageError::Read { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied),
            "{error:?}"
        );
        // Readable, but a lease is for the owner: known to be guessed.
        let staged = quick("public.so").unwrap();
        assert!(matches!(staged.completeness(), Completeness::Settled(_)));
        return;
    }
    let place = Place::new();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(place.origins.path(), 0o755);
    mode(&place.write("secret.so", b"x"), 0o600);
    mode(&place.write("public.so", b"x"), 0o644);
    testing::as_nobody(test!(files_of_another_user), "HOTSWAP_OF_ROOT", place.origins.path());
}

#[test]
fn a_full_disk_is_named_and_nothing_stays() {
    if std::env::var_os("HOTSWAP_FULL").is_none() {
        let me = test!(a_full_disk_is_named_and_nothing_stays);
        return testing::in_namespace(me, "HOTSWAP_FULL");
    }
    let place = Place::new();
    let disk = place.path("disk");
    fs::create_dir(&disk).unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=1m", "none"];
    assert!(Command::new("mount").args(mount).arg(&disk).status().unwrap().success());
    let private = PrivateFolder::new(&disk).unwrap();
    let origin = place.write("lib.so", &vec![7; 2 << 20]);
    let error = stage(StageRequest::new(&origin, &private)).unwrap_err();
    assert!(
        matches!(&error, StageError::DiskFull { needed, .. } if *needed == 2 << 20),
        "{error:?}"
    );
    assert!(error.is_hosts_fault() && !error.try_again());
    assert_eq!(fs::read_dir(private.path()).unwrap().count(), 1);
    let small = place.write("small.so", &vec![7; 1 << 19]);
    assert!(stage(StageRequest::new(&small, &private)).is_ok());
    drop(private);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
}

#[test]
fn handles_can_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<Staged>();
    check::<StageError>();
    check::<PrivateFolder>();
}
