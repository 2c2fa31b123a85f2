"""What the benchmark of the rules settles: bills, a person and a place, always the same ones."""
