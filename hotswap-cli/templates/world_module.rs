//! The part of the program that is replaced while it runs. What is to outlive an edit is in the world.

{{imports}}

/// The module: made anew by each build.
#[derive(HotModule)]
#[hot_module(interface = {{Interface}}, state = ())]
pub struct {{Module}};

impl {{Interface}} for {{Module}} {
    fn update(&mut self, world: &mut World) {
        world.count += 1;
        // EDIT ME while the program runs, and save: the text changes, the world stays.
        println!("Hello number {}", world.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_counts() {
        let mut world = World::default();
        {{Module}}.update(&mut world);
        assert_eq!(world.count, 1);
    }
}
