"""What models cost: a public list kept as reduced data, endpoints' own lists, and whose list counts where."""
