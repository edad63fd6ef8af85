using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Virga.Core.Resources;

namespace Virga.Execution.Snapshots;

/// <summary>Digests all that the state of a freshly initialised worker depends on.</summary>
/// <param name="runtime">Names the program that writes and restores images.</param>
internal sealed class SnapshotKeys(string runtime)
{
    private const string ProtocolVersion = "protocol 1, restore 2";

    // Changes with every library that is installed: a restored worker has its libraries open and maps them again.
    private const string LibraryCache = "/etc/ld.so.cache";

    // By reference: a changed environment is another object. What lies in the runtime's folders is looked at once per node run.
    private readonly ConditionalWeakTable<EnvironmentSpec, string> _environments = [];

    internal SnapshotKey KeyOf(FunctionVersion function, EnvironmentSpec environment)
    {
        FunctionSpec spec = function.Spec;
        var text = new StringBuilder();
        Add(text, ProtocolVersion, runtime, _environments.GetValue(environment, Describe));
        Add(text, function.Name.ToString(), $"{function.Version}", function.BuiltPackage, spec.Handler, spec.Memory.ToString(), $"{spec.Concurrency}", $"{spec.RequestBody}", $"{spec.Egress}");
        AddVariables(text, spec.Variables);
        return new SnapshotKey(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))))
        {
            Function = function.ToString(),
            Keep = spec.KeepWarm.Snapshot.Span,
        };
    }

    private static string Describe(EnvironmentSpec environment)
    {
        var text = new StringBuilder();
        Add(text, [.. environment.Command, .. environment.SnapshotArguments, .. Identify(environment.Command[0]), .. Identify(LibraryCache)]);
        AddVariables(text, environment.Variables);
        foreach ((string host, string sandbox) in environment.Mounts.OrderBy(mount => mount.Value, StringComparer.Ordinal))
        {
            Add(text, [sandbox, .. Identify(host)]);
        }

        return text.ToString();
    }

    /// <summary>Name, size and time of a file, or of all files in a folder.</summary>
    private static IEnumerable<string> Identify(string path)
    {
        if (Directory.Exists(path))
        {
            return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(file => $"{Path.GetRelativePath(path, file)} {Stamp(file)}");
        }

        // A program that lies in a mount exists in the sandbox only; its file is among that mount's.
        if (!File.Exists(path))
        {
            return [path];
        }

        // A name such as /usr/bin/python3 stays; what it links to changes.
        string target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        return [$"{target} {Stamp(target)}"];
    }

    private static string Stamp(string file)
    {
        var info = new FileInfo(file);
        return string.Create(CultureInfo.InvariantCulture, $"{(info.Exists ? info.Length : -1)} {info.LastWriteTimeUtc.Ticks}");
    }

    private static void AddVariables(StringBuilder text, IReadOnlyDictionary<string, string> variables)
    {
        Add(text, $"{variables.Count}");
        foreach ((string name, string value) in variables.OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            Add(text, name, value);
        }
    }

    // With its length in front, no part can be taken for two.
    private static void Add(StringBuilder text, params IEnumerable<string> parts)
    {
        foreach (string part in parts)
        {
            text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part};");
        }
    }
}
