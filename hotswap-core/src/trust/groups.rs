//! Groups that are one user's alone, as most systems make one with each user.
//!
//! What such a group may write nobody else can. Only local users and groups are known here: any
//! other group counts as one of several.

use std::fs;

/// Whether a group has no other member than this user.
pub(super) fn is_of_one(group: u32, user: u32) -> bool {
    let read = |path| fs::read_to_string(path).ok();
    // What root's group may write is for administrators.
    user != 0
        && read("/etc/group")
            .zip(read("/etc/passwd"))
            .is_some_and(|(groups, users)| is_alone(&groups, &users, group, user))
}

/// The same, by what the two files say. Pure.
fn is_alone(groups: &str, users: &str, group: u32, user: u32) -> bool {
    let number = |field: Option<&str>| field.and_then(|it| it.parse::<u32>().ok());
    // `name:password:user:group:…`
    let users = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        Some((name, number(fields.nth(1))?, number(fields.next())?))
    });
    let (own, others): (Vec<_>, Vec<_>) = users.partition(|(_, id, _)| *id == user);
    // `name:password:group:member,member`
    let mut members = groups.lines().filter_map(|line| {
        let mut fields = line.split(':');
        (number(fields.nth(2))? == group).then(|| fields.next().unwrap_or_default())
    });
    let (Some(members), None) = (members.next(), members.next()) else { return false };
    let is_own = |member: &str| member.is_empty() || own.iter().any(|(name, _, _)| *name == member);
    !own.is_empty()
        && others.iter().all(|(_, _, primary)| *primary != group)
        && members.split(',').map(str::trim).all(is_own)
}

#[cfg(test)]
mod tests {
    use super::is_alone;

    #[test]
    fn a_group_is_of_one_where_nobody_else_is_in_it() {
        let users = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n\
                     bob:x:1001:1001::/home/bob:/bin/sh\n";
        let is_alone = |groups: &str, users: &str| is_alone(groups, users, 1000, 1000);
        assert!(is_alone("root:x:0:\nann:x:1000:\n", users));
        assert!(is_alone("ann:x:1000:ann\n", users));
        for groups in ["", "ann:x:1000:bob\n", "ann:x:1000:ann,bob\n", "a:x:1000:\nb:x:1000:bob\n"]
        {
            assert!(!is_alone(groups, users), "{groups}");
        }
        // It is another's first group; the user is not known here.
        assert!(!is_alone("ann:x:1000:\n", &users.replace("1001:1001", "1001:1000")));
        assert!(!is_alone("ann:x:1000:\n", "root:x:0:0:root:/root:/bin/sh\n"));
    }
}
