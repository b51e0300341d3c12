//! Callers and operators have no regard for a recording.

use super::*;

/// Calls of all methods, from four threads; how many things were sold.
fn crowd(scene: &Scene<dyn Stall>, then: impl FnOnce()) -> u64 {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (1..=4_u32)
            .map(|count| {
                let is_over = &is_over;
                scope.spawn(move || {
                    let (mut reader, mut sold) = (scene.slot.reader(), 0);
                    while !is_over.load(Ordering::Relaxed) {
                        assert_eq!(reader.quote("bread", count).unwrap(), 300 * u64::from(count));
                        let sale = reader.sell("tea".to_owned(), count).unwrap().unwrap();
                        assert_eq!((&*sale.item, sale.count), ("tea", count));
                        sold += u64::from(count);
                        reader.each(&mut |_| {}).unwrap();
                        assert_eq!(reader.mail("ada").unwrap(), 3);
                    }
                    sold
                })
            })
            .collect();
        then();
        is_over.store(true, Ordering::Relaxed);
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    })
}

fn all_sold(scene: &Scene<dyn Stall>) -> u64 {
    let mut all = 0;
    scene.slot.reader().each(&mut |sold| all += u64::from(sold)).unwrap();
    all
}

fn recorded(scene: &Scene<dyn Stall>) {
    scene.told.find(|event| {
        matches!(event.kind, EventKind::Phase { phase: Phase::BackedUp, .. }).then_some(())
    });
}

pub(super) fn load() {
    let scene = scene(calls(300).only(["sell"]));
    let sold = crowd(&scene, || {
        for i in 0..12 {
            scene.put(&stall(&format!("label=b{i}")));
            recorded(&scene);
            // The others are superseded by the next one.
            if i % 3 == 2 {
                let _ = scene.told.live();
            }
        }
    });
    assert_eq!(all_sold(&scene), sold);
    assert_eq!(scene.slot.pin().label().unwrap(), "b11");
}

/// Another instance serves while the calls of the first are recorded.
pub(super) fn restarted() {
    let scene = scene(calls(50_000).only(["label"]));
    let sold = crowd(&scene, || {
        scene.put(&stall("label=b"));
        recorded(&scene);
        for _ in 0..3 {
            scene.host.operator().restart("main").unwrap();
        }
    });
    assert_eq!(all_sold(&scene), sold);
    scene.host.shutdown().unwrap();
}

pub(super) fn ended() {
    let scene = scene(calls(50_000).only(["label"]).within(Duration::MAX));
    crowd(&scene, || {
        scene.put(&stall("label=b"));
        recorded(&scene);
    });
    // A caller is inside by a shim.
    let frame = scene.slot.pin();
    scene.put(&stall("label=c"));
    drop(frame);
    scene.host.shutdown().unwrap();
    assert!(scene.slot.pin().label().is_err());
}
