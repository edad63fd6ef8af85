// The least that a .NET program can do: what its runtime's own start costs.
Console.Out.WriteLine("""{"hello":"world"}""");
