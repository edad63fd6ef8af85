using System.Globalization;
using System.Text.Json;
using Virga.Bench.Topics;

const string Usage = "usage: virga-bench-ledgers [--json] [--seconds N] [--recovery-gb N] [--directory FOLDER] [--only NAME]";

var json = false;
var seconds = 3.0;
var recovery = 2.0;
string? parent = null;
string? only = null;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--json":
            json = true;
            break;
        case "--seconds" when i + 1 < args.Length && double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out seconds) && seconds > 0:
        case "--recovery-gb" when i + 1 < args.Length && double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out recovery) && recovery > 0:
            i++;
            break;
        case "--directory" when i + 1 < args.Length:
            parent = args[++i];
            break;
        case "--fill":
            // What the measurement of recovery starts and kills.
            await new LedgerBench(parent!, TimeSpan.Zero, recovery).FillAsync();
            return 0;
        case "--only" when i + 1 < args.Length:
            only = args[++i];
            break;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}

var directory = Path.Combine(parent ?? Path.GetTempPath(), $"virga-bench-ledgers-{Environment.ProcessId}");
Directory.CreateDirectory(directory);
try
{
    var figures = await new LedgerBench(directory, TimeSpan.FromSeconds(seconds), recovery).RunAsync(only);
    Console.WriteLine(json ? JsonSerializer.Serialize(figures, JsonSerializerOptions.Web) : Table.Of(figures));
}
finally
{
    Directory.Delete(directory, recursive: true);
}

return 0;
