//! What modules log reaches the host's subscriber.
//!
//! A process of its own: the subscriber is the process's. The tests share it, one at a time.

#[path = "logs/subscribers.rs"]
mod subscribers;
#[path = "logs/support.rs"]
mod support;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use chatter_api::Chatter;
use hotswap_core::{CallError, Host, Slot, SlotConfig, sync_log_filters};
use hotswap_tests::{Line, Scene, Told, file_name, is_harmless, patient, replace, until};
use tracing::{Level, info, info_span};
use tracing_subscriber::EnvFilter;

use self::support::{chatter, stage};

#[test]
fn an_event_arrives_with_its_callsite_and_its_fields() {
    let stage = stage("trace");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let lines = stage.said(&scene, "values");
    let [line] = &lines[..] else { panic!("{lines:#?}") };
    assert!(!line.is_span);
    assert_eq!(line.level, Level::INFO);
    assert_eq!(line.target, "chatter");
    assert_eq!(line.module_path.as_deref(), Some("chatter"));
    let source = include_str!("../fixtures/modules/chatter/src/lib.rs");
    let (file, number) = (line.file.as_deref().unwrap(), line.line.unwrap());
    assert!(file.ends_with("modules/chatter/src/lib.rs"), "{file}");
    assert_eq!(source.lines().nth(number as usize - 1).map(str::trim), Some("info!("));
    assert_eq!(line.name, format!("event {file}:{number}"));
    let fields: Vec<_> = line.fields.iter().map(|(name, it)| format!("{name}: {it}")).collect();
    let error = "error no port (Outer(ParseIntError { kind: InvalidDigit })) < invalid digit found \
                 in string (ParseIntError { kind: InvalidDigit })";
    assert_eq!(
        fields,
        [
            "message: debug all 13 of them",
            "a: i64 -1",
            &format!("b: u64 {}", u64::MAX),
            &format!("c: i128 {}", i128::MIN),
            &format!("d: u128 {}", u128::MAX),
            "e: f64 0.5",
            "f: bool true",
            "g: str text",
            "h: bytes [1, 2]",
            "i: debug Some(\"debug\")",
            "j: debug display",
            &format!("k: {error}"),
            "dotted.name: i64 7",
            "hotswap.module: str chatter",
            "hotswap.generation: u64 1",
        ]
    );
    let many = stage.said(&scene, "many");
    assert_eq!(many[0].fields.len(), 34 + 2);
    assert_eq!(many[0].field("f32"), Some("i64 32"));
    assert_eq!(stage.said(&scene, "named")[0].name, "a name");
}

#[test]
fn no_text_of_a_module_passes_for_a_line_of_the_log() {
    let stage = stage("trace");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let _ = stage.heard.take();
    let error = scene.slot.pin().say("hostile").unwrap_err();
    let CallError::Panicked(failure) = &error else { panic!("{error}") };
    assert!(is_harmless(&failure.message), "{:?}", failure.message);
    assert!(failure.message.contains("2026-11-29T00:00:00Z ERROR hotswap: forged"), "{error}");
    let lines = stage.heard.take();
    assert_eq!(lines.iter().filter(|it| it.text().contains("ERROR hotswap: forged")).count(), 2);
    for line in &lines {
        for (_, value) in &line.fields {
            assert!(is_harmless(value), "{value:?}");
        }
        // Of these each is one line.
        let names = [&line.name, &line.target].into_iter().chain(&line.scope);
        for name in names.chain(line.fields.iter().map(|(name, _)| name)) {
            assert!(is_harmless(name) && !name.contains('\n'), "{name:?}");
        }
    }
    for name in [r"a\nname\u{1b}[2J", r"a\nspan\u{2028}"] {
        assert!(lines.iter().any(|it| it.name == name), "{name}: {lines:#?}");
    }
    assert!(lines.iter().any(|it| it.target == r"a\ntarget\u{1b}[2J"), "{lines:#?}");
}

#[test]
fn records_of_log_arrive_as_events() {
    let stage = stage("trace");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let lines = stage.said(&scene, "records");
    let [warning, with_values, made] = &lines[..] else { panic!("{lines:#?}") };
    assert_eq!((warning.level, &*warning.text()), (Level::WARN, "a record"));
    assert_eq!(warning.target, "chatter");
    let source = include_str!("../fixtures/modules/chatter/src/lib.rs");
    let text = source.lines().nth(warning.line.unwrap() as usize - 1).unwrap();
    assert!(text.contains("log::warn!"), "{text}");
    assert!(warning.file.as_deref().unwrap().ends_with("chatter/src/lib.rs"));
    assert_eq!(with_values.target, "of::a::library");
    assert_eq!(with_values.field("n"), Some("i64 3"));
    assert_eq!(with_values.field("t"), Some("str text"));
    assert_eq!(with_values.field("b"), Some("bool true"));
    assert_eq!(with_values.field("hotswap.module"), Some("str chatter"));
    assert_eq!(with_values.field("hotswap.generation"), Some("u64 1"));
    assert_eq!(made.level, Level::DEBUG);
}

#[test]
fn spans_nest_within_the_module_and_with_the_hosts() {
    let stage = stage("trace");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let host_span = info_span!("host's");
    let lines = host_span.in_scope(|| stage.said(&scene, "spans"));
    let texts: Vec<_> = lines.iter().map(Line::text).collect();
    assert_eq!(
        texts,
        [
            "host's: outer: inner: inside",
            "host's: outer: inner: by name",
            "at the root",
            "alone: alone",
            "alone",
            "host's: outer: inner",
            "host's: outer",
        ]
    );
    let [_, _, _, _, alone, inner, outer] = &lines[..] else { panic!() };
    assert_eq!(alone.field("follows from"), Some("inner"));
    assert_eq!(inner.field("text"), Some("str t"));
    assert_eq!(inner.field("late"), Some("str come"));
    assert_eq!(outer.field("n"), Some("i64 1"));
    assert_eq!(outer.field("hotswap.module"), Some("str chatter"));
    assert_eq!(outer.field("hotswap.generation"), Some("u64 1"));
    assert_eq!(outer.target, "chatter");

    // What `#[instrument]` makes is the current span.
    let lines = stage.said(&scene, "doubled");
    assert_eq!(
        lines.iter().map(|it| it.text()).collect::<Vec<_>>(),
        ["doubled: doubled", "doubled"]
    );
    assert_eq!(lines[1].field("n"), Some("u64 21"));
    assert_eq!(lines[1].field("result"), Some("u64 42"));

    // The host, called inside a span of the module.
    let _ = stage.heard.take();
    scene.slot.pin().inside(&mut || info!("the host")).unwrap();
    assert_eq!(stage.heard.texts(), ["calls the host: the host"]);

    // A span of the host's, carried to a thread of the module.
    let texts = host_span.in_scope(|| stage.texts(&scene, "thread"));
    assert_eq!(texts, ["host's: on a thread"]);
    drop(host_span);
    assert!(stage.heard.has(|line| line.name == "host's"), "the module keeps the host's span open");

    // A panic leaves its spans.
    let result = scene.slot.pin().say("panic");
    assert!(matches!(result, Err(CallError::Panicked(_))), "{result:?}");
    assert_eq!(stage.texts(&scene, "afterwards"), ["afterwards"]);
}

#[test]
fn filters_are_obeyed_and_followed() {
    let stage = stage("info");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let levels = |expected: &[&str]| assert_eq!(stage.texts(&scene, "levels"), expected);
    levels(&["1", "2", "3"]);
    for (directives, expected) in [
        ("trace", &["1", "2", "3", "4", "5"][..]),
        ("error", &["1"]),
        ("off", &[]),
        ("chatter=debug", &["1", "2", "3", "4"]),
        ("trace,chatter=off", &[]),
        ("warn", &["1", "2"]),
    ] {
        stage.filter(directives);
        levels(expected);
    }
    // By target, also those of other crates.
    stage.filter("another::target=info,of::a=warn");
    assert_eq!(stage.texts(&scene, "elsewhere"), ["elsewhere"]);
    assert_eq!(stage.texts(&scene, "records"), [""; 0]);
    stage.filter("of::a=info,chatter=warn");
    assert_eq!(stage.texts(&scene, "elsewhere"), [""; 0]);
    assert_eq!(stage.texts(&scene, "records"), ["a record", "with values"]);
    // By a span that the thread is in, and its fields.
    stage.filter("[host{n=1}]=debug");
    levels(&[]);
    info_span!("host", n = 1).in_scope(|| levels(&["host: 1", "host: 2", "host: 3", "host: 4"]));
    info_span!("host", n = 2).in_scope(|| levels(&[]));
    // What is off is not made.
    stage.filter("info");
    let made = || scene.slot.pin().values_made().unwrap();
    let before = made();
    for what in ["detail", "if enabled"] {
        scene.slot.pin().say(what).unwrap();
    }
    assert_eq!(made(), before);
    stage.filter("debug");
    for what in ["detail", "if enabled"] {
        scene.slot.pin().say(what).unwrap();
    }
    assert_eq!(made(), before + 2);
}

#[test]
fn a_module_is_heard_as_if_it_were_linked_in() {
    let stage = stage("trace");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let host = Host::new(patient().slot("main", SlotConfig::builtin::<chatter::Talker>())).unwrap();
    let linked_in = host.slot::<dyn Chatter>("main").unwrap();
    let says = |slot: &Slot<dyn Chatter>, what: &str| {
        let _ = stage.heard.take();
        info_span!("host", n = 1).in_scope(|| slot.pin().say(what)).unwrap();
        let text = |mut line: Line| {
            line.fields.retain(|(name, _)| !name.starts_with("hotswap."));
            // Where the crate lies depends on the workspace that builds it.
            line.file = line.file.and_then(|it| it.rsplit('/').next().map(str::to_owned));
            line.name = line.name.rsplit('/').next().unwrap_or_default().to_owned();
            format!("{line:?}")
        };
        stage.heard.take().into_iter().map(text).collect::<Vec<_>>()
    };
    for directives in [
        "trace",
        "warn",
        "another::target=info,off",
        "[host{n=1}]=debug",
        "[host{n=2}]=debug",
        "[outer{n=1}]=info",
        "[inner]=trace",
        "chatter[doubled{n=21}]=info,warn",
        "[{late}]=info",
    ] {
        stage.filter(directives);
        for what in ["values", "levels", "elsewhere", "named", "doubled", "spans", "thread"] {
            let (loaded, expected) = (says(&scene.slot, what), says(&linked_in, what));
            assert_eq!(loaded, expected, "{directives}: {what}");
        }
    }
}

#[test]
fn modules_follow_by_themselves() {
    let stage = stage("info");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    assert_eq!(stage.texts(&scene, "detail"), [""; 0]);
    sync_log_filters();
    stage.filter.reload(EnvFilter::new("debug")).unwrap();
    until("the module follows", || !stage.texts(&scene, "detail").is_empty());
    stage.filter.reload(EnvFilter::new("info")).unwrap();
    // At once: what arrives is judged again.
    assert_eq!(stage.texts(&scene, "detail"), [""; 0]);
    let made = || scene.slot.pin().values_made().unwrap();
    until("the module makes no values any more", || {
        let before = made();
        let _ = stage.texts(&scene, "detail");
        made() == before
    });
}

#[test]
fn each_generation_says_which_it_is_also_of_the_same_file() {
    let stage = stage("info");
    let scene = Scene::<dyn Chatter>::of(&chatter("label=a"));
    let of = |lines: &[Line]| {
        let line = lines.iter().find(|it| !it.is_span).expect("it has said something");
        let of = (line.field("hotswap.module"), line.field("hotswap.generation"));
        (of.0.unwrap().to_owned(), of.1.unwrap().to_owned())
    };
    let said = || thread::scope(|it| it.spawn(|| of(&stage.said(&scene, "hello"))).join().unwrap());
    assert_eq!(said(), ("str chatter".into(), "u64 1".into()));
    let _ = stage.heard.take();
    assert_eq!(scene.upgrade(&chatter("label=b")).generation, 2);
    assert_eq!(scene.told.retired().0, 1);
    let life: Vec<_> = stage.heard.take();
    let life: Vec<_> =
        life.iter().map(|it| (it.text(), it.field("hotswap.generation").unwrap())).collect();
    let expected = [("starts", "u64 2"), ("stops", "u64 1"), ("is dropped", "u64 1")];
    assert!(life.iter().map(|(text, of)| (text.as_str(), *of)).eq(expected), "{life:?}");
    assert_eq!(said(), ("str chatter".into(), "u64 2".into()));

    // The same file in another slot of another host.
    let other = Scene::<dyn Chatter>::of(&chatter("label=b"));
    assert_eq!(of(&stage.said(&other, "hello")).1, "u64 1");
    assert_eq!(said().1, "u64 2");

    // What is linked in has the program's own subscriber, and is itself.
    let host = Host::new(patient().slot("main", SlotConfig::builtin::<chatter::Talker>())).unwrap();
    let slot = host.slot::<dyn Chatter>("main").unwrap();
    let _ = stage.heard.take();
    slot.pin().say("hello").unwrap();
    let lines = stage.heard.take();
    assert_eq!((lines[0].text(), lines[0].field("hotswap.module")), ("hello".into(), None));
}

#[test]
fn what_a_generation_leaves_open_is_closed_with_it() {
    let stage = stage("info");
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    let scene = Scene::<dyn Chatter>::of(&chatter(&format!("label=a;until={}", go.display())));
    assert_eq!(stage.texts(&scene, "leak"), ["leaked: in what is leaked"]);
    thread::scope(|it| it.spawn(|| scene.slot.pin().say("later").unwrap()).join().unwrap());
    let closed = |name: &str| stage.heard.has(|line| line.is_span && line.name == name);
    assert!(!closed("leaked") && !closed("later"));
    // This thread has been inside the slot, and is to leave.
    let _ = scene.upgrade(&chatter("label=b"));
    until("they are closed", || closed("leaked") && closed("later"));
    // A thread of the old generation goes on, and is not heard any more.
    let _ = stage.heard.take();
    fs::write(&go, "").unwrap();
    until("the thread is done", || go.with_extension("done").exists());
    assert_eq!(stage.heard.texts(), [""; 0]);
    assert_eq!(stage.texts(&scene, "hello"), ["hello"]);
}

#[test]
fn numbers_that_are_no_spans_are_ignored() {
    let stage = stage("trace");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let panics = Arc::new(AtomicUsize::new(0));
    let hook = std::panic::take_hook();
    let counted = Arc::clone(&panics);
    std::panic::set_hook(Box::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let texts = stage.texts(&scene, "forged");
    std::panic::set_hook(hook);
    assert_eq!(texts, ["of a forged parent"; 4]);
    assert_eq!(panics.load(Ordering::Relaxed), 0, "the subscriber was asked");
}

#[test]
fn a_module_that_does_not_start_has_said_why() {
    let stage = stage("info");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("module"));
    replace(&path, chatter("start=fail").bytes());
    let host = Host::new(patient().slot("main", SlotConfig::artifact(&path))).unwrap();
    let told = Told::of(&host);
    thread::scope(|scope| {
        scope.spawn(|| host.slot::<dyn Chatter>("main"));
        let _ = told.refused();
        assert_eq!(stage.heard.texts(), ["starts"]);
        replace(&path, chatter("").bytes());
    });
}
