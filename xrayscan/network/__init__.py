"""Networks: where they run, how they are built, asked and explained."""
