using System.Globalization;

namespace Virga.Bench.Topics.Load;

/// <summary>What follows the run's name on the command line: <c>--key value</c>.</summary>
internal sealed class LoadOptions
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public LoadOptions(ReadOnlySpan<string> args)
    {
        if (args.Length % 2 != 0)
        {
            throw new ArgumentException("Each --option is followed by its value.", nameof(args));
        }

        for (var i = 0; i < args.Length; i += 2)
        {
            _values[args[i].StartsWith("--", StringComparison.Ordinal) ? args[i][2..] : throw new ArgumentException($"'{args[i]}' is no option.", nameof(args))] = args[i + 1];
        }
    }

    public string Text(string name, string? otherwise = null) =>
        _values.GetValueOrDefault(name) ?? otherwise ?? throw new ArgumentException($"--{name} is missing.", nameof(name));

    public int Number(string name, int? otherwise = null) =>
        _values.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise ?? throw new ArgumentException($"--{name} is missing.", nameof(name));

    public TimeSpan Seconds(string name, double? otherwise = null) =>
        TimeSpan.FromSeconds(_values.TryGetValue(name, out var text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise ?? throw new ArgumentException($"--{name} is missing.", nameof(name)));
}
