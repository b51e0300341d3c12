//! Folders, watches and fences: what the system lets a host do.

use std::{env, path::Path};

use hotswap_core::{
    artifact::escape,
    system::{self, Inotify, Leases},
};

use super::finding::Finding;

/// Fewer free watches than this are soon used up by a workspace of some size.
const FEW_WATCHES: u64 = 1000;
const FEW_INSTANCES: u64 = 4;

pub(super) fn look(target: Option<&Path>) -> Vec<Finding> {
    let temporary = env::temp_dir();
    // Before the first build there is no target folder: what holds for the one it will be in.
    let target = target.and_then(|target| target.ancestors().find(|folder| folder.is_dir()));
    let mut findings = vec![private_copies(), leases("temporary", &temporary)];
    findings.extend(target.map(|target| leases("target", target)));
    findings.push(watches());
    findings.push(if system::calls_need_no_fence() {
        Finding::ok("membarrier", "calls need no fence")
    } else {
        Finding::warn(
            "membarrier",
            "the kernel refuses it: each call passes a fence, which costs some nanoseconds",
            "allow the system call membarrier (seccomp, container), or leave it as it is",
        )
    });
    findings
}

fn private_copies() -> Finding {
    let advice =
        "give hosts another folder for private copies: Config::with_private_folder, or TMPDIR";
    let folder = match system::place_of_private_copies() {
        Ok(folder) => folder,
        Err(error) => {
            let text = format!("private copies cannot be made: {error}");
            return Finding::fail("code", text, advice);
        }
    };
    let place = escape::path(&folder);
    match system::code_can_be_mapped(&folder) {
        Ok(()) => Finding::ok("code", format!("can be loaded from {place}")),
        Err(error) => {
            Finding::fail("code", format!("cannot be loaded from {place}: {error}"), advice)
        }
    }
}

fn leases(what: &str, folder: &Path) -> Finding {
    let place = format!("in the {what} folder {}", folder.display());
    let guess = "whether an artifact is complete is guessed there, with a delay of 250 ms: use a \
                 local file system, and files of the user that runs the host";
    match system::leases(folder) {
        Ok(Leases::Work) => Finding::ok("leases", format!("work {place}")),
        Ok(Leases::Unknown(error)) => {
            Finding::warn("leases", format!("do not work {place}: {error}"), guess)
        }
        Ok(_) => Finding::warn("leases", format!("tell nothing {place}"), guess),
        Err(error) => Finding::fail(
            "leases",
            format!("cannot be tried {place}: {error}"),
            "make the folder writable",
        ),
    }
}

fn watches() -> Finding {
    match system::inotify() {
        Some(found) => judge(found),
        None => Finding::ok("watches", "this system has no inotify, and none of its limits"),
    }
}

fn judge(found: Inotify) -> Finding {
    let Inotify { max_watches, watches, max_instances, instances, .. } = found;
    let text = format!(
        "{watches} of {max_watches} folders and files, {instances} of {max_instances} watchers are taken"
    );
    if max_watches.saturating_sub(watches) < FEW_WATCHES
        || max_instances.saturating_sub(instances) < FEW_INSTANCES
    {
        return Finding::warn(
            "watches",
            text,
            "raise them: sysctl fs.inotify.max_user_watches=524288 \
             fs.inotify.max_user_instances=512, or use with_polling",
        );
    }
    Finding::ok("watches", text)
}
