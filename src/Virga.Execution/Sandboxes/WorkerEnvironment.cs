namespace Virga.Execution.Sandboxes;

/// <summary>The variables that every worker starts with.</summary>
internal static class WorkerEnvironment
{
    internal static Dictionary<string, string> For(SandboxSpec spec, string temporary)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
            ["HOME"] = temporary,
            ["TMPDIR"] = temporary,
            ["LANG"] = "C.UTF-8",
        };
        foreach ((string name, string value) in spec.Environment)
        {
            variables[name] = value;
        }

        return variables;
    }

    /// <summary>Whether the variable changes how programs are loaded, and so must not reach one that still has privileges.</summary>
    internal static bool IsForLoader(string name) =>
        name.StartsWith("LD_", StringComparison.Ordinal)
        || name.StartsWith("GLIBC_", StringComparison.Ordinal)
        || name.StartsWith("MALLOC_", StringComparison.Ordinal)
        || name is "GCONV_PATH" or "LOCPATH" or "NLSPATH";
}
