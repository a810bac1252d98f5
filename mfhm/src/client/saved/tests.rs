use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use http::HeaderValue;

use super::*;
use crate::instance::InstanceId;

const ORIGIN: &str = "http://127.0.0.1:21428";

/// The place of the process with this id.
fn place(folder: &Path, process: u32) -> Place {
    Place::of(folder.to_owned(), "shop", ORIGIN, process, 0)
}

fn endpoint(port: u16) -> Endpoint {
    let id = InstanceId::from_random(port.into());
    Endpoint::new(id, "127.0.0.1".to_owned(), port, None, Vec::new())
}

fn set(endpoints: Vec<Endpoint>) -> EndpointSet {
    EndpointSet::default().succeed(endpoints)
}

fn file_of(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let file = entries.next().expect("a file");
    assert_eq!(entries.next(), None, "one file and no draft");
    file
}

/// Puts down what the process with this id knows.
fn leave(place: &Place, service: &str, at: u64, ports: &[u16]) {
    let instances = ports
        .iter()
        .filter_map(|&port| SavedInstance::of(&endpoint(port)));
    let saved = SavedService {
        at,
        instances: instances.collect(),
    };
    let services = BTreeMap::from([(service.to_owned(), saved)]);
    folder::write(place, &file::write(&services), now()).unwrap();
}

async fn ports(lists: &SavedLists, service: &str) -> Vec<u16> {
    let restored = lists.list(service).await;
    let endpoints = restored
        .map(|restored| restored.endpoints)
        .unwrap_or_default();
    endpoints.iter().map(|endpoint| endpoint.port).collect()
}

/// Waits, in the clock of the test, until the task has written.
async fn written(folder: &Path) -> PathBuf {
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // The write itself happens on another thread.
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        let is_list = |path: &PathBuf| path.extension().is_some_and(|ext| ext == "json");
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        if let Some(file) = entries.map(|entry| entry.path()).find(is_list) {
            return file;
        }
    }
    panic!("nothing was written");
}

#[tokio::test(start_paused = true)]
async fn what_one_process_learns_the_next_one_finds() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("not/there/yet");
    let lists = SavedLists::new(place(&folder, 1));
    let mut near = endpoint(1).weighing(5).near(true);
    near.version = Some("1.2".to_owned());
    near.operations.push(crate::wire::v1::OperationEntry {
        name: "user".to_owned(),
        path: "/users/{id}".to_owned(),
        methods: vec!["GET".to_owned()],
        fingerprint: None,
    });
    lists.note("users", &set(vec![near, endpoint(2)]), true);
    let file = written(&folder).await;
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let restored = SavedLists::new(place(&folder, 2))
        .list("users")
        .await
        .unwrap();
    let [first, second] = restored.endpoints.as_slice() else {
        panic!("{restored:?}");
    };
    assert_eq!((first.weight, first.is_near), (5, true));
    assert_eq!(first.version.as_deref(), Some("1.2"));
    assert_eq!(first.operations[0].path, "/users/{id}");
    assert_eq!((second.weight, second.port), (100, 2));
    assert!(restored.age < Duration::from_secs(60));
    assert!(
        SavedLists::new(place(&folder, 2))
            .list("orders")
            .await
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn keys_are_not_written_and_neither_are_instances_that_require_one() {
    let home = tempfile::tempdir().unwrap();
    let lists = SavedLists::new(place(home.path(), 1));
    let mut keyed = endpoint(1);
    keyed.key = Some(HeaderValue::from_static("very-secret"));
    lists.note("users", &set(vec![keyed, endpoint(2)]), true);
    let text = fs::read_to_string(written(home.path()).await).unwrap();
    assert!(!text.contains("very-secret"), "{text}");
    let next = SavedLists::new(place(home.path(), 2));
    assert_eq!(ports(&next, "users").await, [2]);
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_few_writes_and_no_change_is_none() {
    let home = tempfile::tempdir().unwrap();
    let lists = SavedLists::new(place(home.path(), 1));
    let mut writes = 0;
    let mut last = None;
    // Ten seconds, with a hundred changes in the first two.
    for step in 0..500_u16 {
        if step < 100 {
            lists.note("users", &set(vec![endpoint(step + 1)]), true);
        } else {
            lists.note("users", &set(vec![endpoint(100)]), false);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        let text = fs::read_dir(home.path()).unwrap().flatten().next();
        let text = text.and_then(|file| fs::read(file.path()).ok());
        if text.is_some() && text != last {
            writes += 1;
            last = text;
        }
    }
    assert!((1..=2).contains(&writes), "{writes}");
    let next = SavedLists::new(place(home.path(), 2));
    assert_eq!(ports(&next, "users").await, [100], "the last one is there");
}

#[tokio::test]
async fn processes_of_one_program_keep_files_of_their_own_and_read_all() {
    let home = tempfile::tempdir().unwrap();
    leave(&place(home.path(), 1), "users", now() - 50, &[1]);
    leave(&place(home.path(), 2), "orders", now() - 20, &[2]);
    leave(&place(home.path(), 3), "users", now() - 10, &[3]);
    let next = SavedLists::new(place(home.path(), 4));
    assert_eq!(ports(&next, "users").await, [3], "as it was told last");
    assert_eq!(ports(&next, "orders").await, [2]);
    // Another program, and the same one with another center, find nothing.
    for (program, origin) in [("till", ORIGIN), ("shop", "http://10.0.0.1:21428")] {
        let other = Place::of(home.path().to_owned(), program, origin, 4, 0);
        assert_eq!(ports(&SavedLists::new(other), "users").await, [0; 0]);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let good = place(home.path(), 1);
    leave(&good, "users", now(), &[1]);
    let text = fs::read_to_string(file_of(home.path())).unwrap();
    let future = text.replace("\"format\":1", "\"format\":2");
    assert_ne!(text, future);
    let cut = &text[..text.len() - 3];
    let hostile = text
        .replace("127.0.0.1", "evil/host")
        .replace("\"id\":\"", "\"id\":\"../");
    let bad: [(&str, &[u8]); 5] = [
        ("cut", cut.as_bytes()),
        ("of the future", future.as_bytes()),
        ("empty", b""),
        ("garbage", &[0xff, 0, 1, 2]),
        ("hostile", hostile.as_bytes()),
    ];
    for (number, (what, content)) in (2..).zip(bad) {
        folder::write(&place(home.path(), number), content, now()).unwrap();
        let next = SavedLists::new(place(home.path(), 100));
        assert_eq!(ports(&next, "users").await, [1], "{what}");
    }
    assert!(
        file::read(future.as_bytes())
            .unwrap_err()
            .contains("format 2")
    );
}

/// The name of a file that a new process would read.
fn name_of(folder: &Path, process: u32) -> PathBuf {
    let other = tempfile::tempdir_in(folder).unwrap();
    leave(&place(other.path(), process), "users", now(), &[9]);
    folder.join(file_of(other.path()).file_name().unwrap())
}

fn age(file: &Path, by: i64) {
    let time = SystemTime::now();
    let time = match by < 0 {
        true => time - Duration::from_secs(by.unsigned_abs()),
        false => time + Duration::from_secs(by.unsigned_abs()),
    };
    fs::File::options()
        .write(true)
        .open(file)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[tokio::test]
async fn pipes_links_folders_and_files_that_others_write_are_passed_over() {
    let home = tempfile::tempdir().unwrap();
    let (folder, elsewhere) = (home.path().join("lists"), home.path().join("elsewhere"));
    let good = place(&folder, 1);
    leave(&good, "users", now() - 10, &[1]);
    age(&file_of(&folder), -100);
    // Good lists by their content, and newer: only what they are tells against them.
    leave(&place(&elsewhere, 2), "users", now(), &[2]);
    let list = file_of(&elsewhere);
    // More of them than are read, lest they take the good one's place.
    for process in 10..20 {
        std::os::unix::fs::symlink(&list, name_of(&folder, process)).unwrap();
    }
    let pipe = name_of(&folder, 20);
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    fs::create_dir(name_of(&folder, 21)).unwrap();
    let shared = name_of(&folder, 22);
    fs::copy(&list, &shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o666)).unwrap();
    let next = SavedLists::new(place(&folder, 100));
    let read = tokio::time::timeout(Duration::from_secs(10), ports(&next, "users"));
    assert_eq!(read.await.expect("no pipe is waited for"), [1]);
}

#[tokio::test]
async fn a_file_that_is_too_long_is_not_read() {
    let home = tempfile::tempdir().unwrap();
    leave(&place(home.path(), 1), "users", now(), &[1]);
    let long = name_of(home.path(), 2);
    let file = fs::File::create(&long).unwrap();
    file.set_len(1 << 40).unwrap();
    fs::set_permissions(&long, fs::Permissions::from_mode(0o600)).unwrap();
    let next = SavedLists::new(place(home.path(), 100));
    assert_eq!(ports(&next, "users").await, [1]);
}

#[tokio::test]
async fn what_is_said_to_be_of_the_future_counts_least() {
    let home = tempfile::tempdir().unwrap();
    let day = 24 * 60 * 60;
    leave(&place(home.path(), 1), "users", now() + day, &[1]);
    let alone = SavedLists::new(place(home.path(), 100));
    assert_eq!(ports(&alone, "users").await, [1], "better than nothing");
    let restored = alone.list("users").await.unwrap();
    assert!(
        restored.age > Duration::from_secs(29 * day),
        "nor is it new"
    );
    leave(&place(home.path(), 2), "users", now() - 20 * day, &[2]);
    let next = SavedLists::new(place(home.path(), 100));
    assert_eq!(ports(&next, "users").await, [2]);
    // A clock that was put right by a minute says nothing against a list.
    leave(&place(home.path(), 3), "users", now() + 60, &[3]);
    let next = SavedLists::new(place(home.path(), 100));
    assert_eq!(ports(&next, "users").await, [3]);
}

#[tokio::test]
async fn files_of_the_future_take_no_place_from_others() {
    let home = tempfile::tempdir().unwrap();
    for process in 1..=8 {
        leave(&place(home.path(), process), "users", now() - 1000, &[1]);
    }
    for entry in fs::read_dir(home.path()).unwrap() {
        age(&entry.unwrap().path(), 24 * 60 * 60);
    }
    leave(&place(home.path(), 9), "users", now(), &[2]);
    let next = SavedLists::new(place(home.path(), 100));
    assert_eq!(ports(&next, "users").await, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_written_stops_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("file");
    fs::write(&folder, "no folder").unwrap();
    let lists = SavedLists::new(place(&folder, 1));
    lists.note("users", &set(vec![endpoint(1)]), true);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(ports(&lists, "users").await, [1], "in memory it goes on");
    assert!(lists.shared.has_failed.load(Ordering::Relaxed));
}

#[test]
fn old_files_go_and_what_is_not_ours_stays() {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str| fs::write(home.path().join(name), "x").unwrap();
    let foreign = [
        "shop.json",
        "shop-1.lists.json",
        "a-b-c-d.lists.json",
        "notes.draft",
    ];
    foreign.iter().for_each(|name| put(name));
    let other = "till-0123456789abcdef-7-0.lists.json";
    put(other);
    put(&format!("{other}.draft"));
    for process in 1..=20 {
        leave(&place(home.path(), process), "users", now(), &[1]);
    }
    let names = || -> Vec<String> {
        let entries = fs::read_dir(home.path()).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect()
    };
    let of_shop = names()
        .iter()
        .filter(|name| name.starts_with("shop-") && name.len() > 20)
        .count();
    assert!((8..=9).contains(&of_shop), "{:?}", names());
    assert!(names().iter().any(|name| name == other), "it is not old");
    // In two months.
    let later = now() + 60 * 24 * 60 * 60;
    let own = place(home.path(), 1);
    folder::write(&own, b"x", later).unwrap();
    let mut left = names();
    left.retain(|name| !foreign.contains(&name.as_str()));
    assert_eq!(left, [""; 0], "the test's clock is ahead of the disk's");
    assert_eq!(names().len(), foreign.len());
}

#[test]
fn tests_and_processes_without_a_home_keep_nothing_unless_told() {
    let usual = |vars: &[(&str, &str)], program: &str| {
        let var = |name: &str| {
            let found = vars.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).into())
        };
        folder::usual(var, Path::new(program))
    };
    let home = ("HOME", "/home/a");
    let cache = ("XDG_CACHE_HOME", "/c");
    assert_eq!(
        usual(&[home], "/bin/shop"),
        Some("/home/a/.cache/mfhm".into())
    );
    assert_eq!(usual(&[home, cache], "/bin/shop"), Some("/c/mfhm".into()));
    assert_eq!(usual(&[], "/bin/shop"), None);
    assert_eq!(usual(&[("HOME", "relative")], "/bin/shop"), None);
    assert_eq!(usual(&[home], "/x/target/debug/deps/shop-0f"), None);
}
