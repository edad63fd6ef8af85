using System.Globalization;
using Virga.Cli.Functions;
using Virga.Cli.Routes;
using Virga.Cli.Yaml;
using Virga.Core.Resources;

namespace Virga.Cli.Apply;

/// <summary>Reads a function's entry in <c>virga.yaml</c>.</summary>
internal static class ManifestFunction
{
    private static readonly string[] Keys =
    [
        "name", "path", "env", "environment", "handler", "memory", "timeout", "cpu", "concurrency", "executor", "scale", "minInstances", "maxInstances", "targetUtilisation",
        "provisioned", "sticky", "isolation", "egress", "body", "requestBody", "consistency", "routes", "variables", "env-vars", "keepWarm", "maxCallsPerInstance", "onceOnly",
    ];

    /// <summary>Reads an entry; its path starts from <paramref name="folder"/>.</summary>
    /// <exception cref="Failures.UsageException">There is a mistake; the message names its line.</exception>
    public static FunctionEntry Read(YamlMapping entry, string folder)
    {
        entry.AllowOnly(Keys);
        entry.OnlyOne("env", "environment");
        entry.OnlyOne("variables", "env-vars");
        entry.OnlyOne("body", "requestBody");
        var (min, max, target) = Scale(entry);
        var settings = new FunctionSettings
        {
            Environment = entry.Text("env") ?? entry.Text("environment"),
            Handler = entry.Text("handler"),
            Timeout = entry.Duration("timeout"),
            Memory = entry.Size("memory"),
            Cpu = entry.Value<double>("cpu", "a number of cores", text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cores) && cores > 0 ? cores : null),
            Concurrency = entry.Count("concurrency", 1),
            Executor = entry.Value<Executor>("executor", "pool or dedicated", SettingTexts.Executor),
            MinInstances = min,
            MaxInstances = max,
            TargetUtilisation = target,
            Provisioned = entry.Items("provisioned", ProvisionedText.Form, text => ProvisionedText.TryParse(text, out var window) ? window : null, Window),
            Sticky = Sticky(entry),
            Isolation = entry.Value<Isolation>("isolation", "process, bubblewrap or gvisor", SettingTexts.Isolation),
            Egress = entry.Value<EgressPolicy>("egress", "none or internet", SettingTexts.Egress),
            RequestBody = entry.Value<RequestBodyMode>(entry.Has("body") ? "body" : "requestBody", "buffered or stream", SettingTexts.RequestBody),
            Consistency = entry.Value<Consistency>("consistency", SettingTexts.ConsistencyNames, SettingTexts.Consistency),
            Variables = entry.Pairs("variables") ?? entry.Pairs("env-vars"),
            KeepWarm = KeepWarm(entry),
            MaxCallsPerInstance = entry.Count("maxCallsPerInstance", 0),
            OnceOnly = entry.Flag("onceOnly"),
        };
        var routes = entry.Values<RouteText>("routes", text => RouteText.TryParse(text, out var route, out var error) ? (route, null) : (null, error));
        return new FunctionEntry(entry.Name("name"), Path.GetFullPath(entry.RequiredText("path"), folder), settings, routes ?? []);
    }

    // The limits stand together below `scale`, or each under the name that it has in the spec.
    private static (int? Min, int? Max, double? Target) Scale(YamlMapping entry)
    {
        if (entry.Mapping("scale") is not { } scale)
        {
            return (entry.Count("minInstances", 0), entry.Count("maxInstances", 1), Share(entry, "targetUtilisation"));
        }

        entry.OnlyOne("scale", "minInstances");
        entry.OnlyOne("scale", "maxInstances");
        entry.OnlyOne("scale", "targetUtilisation");
        scale.AllowOnly("min", "max", "target");
        return (scale.Count("min", 0), scale.Count("max", 1), Share(scale, "target"));
    }

    private static ProvisionedWindow Window(YamlMapping entry)
    {
        entry.AllowOnly("instances", "schedule", "duration", "timeZone");
        return new ProvisionedWindow
        {
            Instances = entry.Count("instances", 1) ?? throw entry.Wrong("'instances' is missing.", "Say how many instances are kept."),
            Schedule = entry.Text("schedule"),
            Duration = entry.Duration("duration"),
            TimeZone = entry.Text("timeZone"),
        };
    }

    private static KeepWarmSettings? KeepWarm(YamlMapping entry)
    {
        if (!entry.IsMapping("keepWarm"))
        {
            return entry.Text("keepWarm") is { } text
                ? KeepWarmSettings.Parse(text) ?? throw entry.WrongAt("keepWarm", $"'{text}' is not {KeepWarmSettings.Form}, which 'keepWarm' takes.")
                : null;
        }

        var tiers = entry.Mapping("keepWarm")!;
        tiers.AllowOnly("idle", "frozen", "snapshot");
        return new KeepWarmSettings(tiers.Duration("idle"), tiers.Duration("frozen"), tiers.Duration("snapshot"));
    }

    private static string? Sticky(YamlMapping entry) => entry.Text("sticky") is { } text
        ? SettingTexts.Sticky(text) ?? throw entry.WrongAt("sticky", $"'{text}' is not {StickyKey.Rule}, which 'sticky' takes.")
        : null;

    private static double? Share(YamlMapping entry, string key) => entry.Value<double>(key, "a share above 0 and at most 1", SettingTexts.Share);
}
