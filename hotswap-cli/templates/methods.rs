    fn tick(&mut self) -> String {
        self.state.count += 1;
        // EDIT ME while the program runs, and save: the text changes, the count goes on.
        format!("Hello number {}", self.state.count)
    }
