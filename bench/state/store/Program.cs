using System.Globalization;
using System.Text.Json;
using Virga.Bench.State;

const string Usage = "usage: virga-bench-state-store [--sketches] [--json] [--seconds N] [--directory FOLDER]";

var json = false;
var sketches = false;
var seconds = 4.0;
string? parent = null;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--json":
            json = true;
            break;
        case "--sketches":
            sketches = true;
            break;
        case "--seconds" when i + 1 < args.Length && double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out seconds) && seconds > 0:
            i++;
            break;
        case "--directory" when i + 1 < args.Length:
            parent = args[++i];
            break;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}

var directory = Path.Combine(parent ?? Path.GetTempPath(), $"virga-bench-state-{Environment.ProcessId}");
Directory.CreateDirectory(directory);
try
{
    var time = TimeSpan.FromSeconds(seconds);
    var figures = sketches ? new SketchBench(time).Run() : await new StoreBench(directory, time).RunAsync();
    Console.WriteLine(json ? JsonSerializer.Serialize(figures, JsonSerializerOptions.Web) : Table.Of(figures));
}
finally
{
    Directory.Delete(directory, recursive: true);
}

return 0;
