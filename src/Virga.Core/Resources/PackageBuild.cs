using System.Text.Json.Serialization;

namespace Virga.Core.Resources;

/// <summary>What turns an uploaded package into what the worker loads.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PackageBuild>))]
public enum PackageBuild
{
    /// <summary>The package runs as it is.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>A TypeScript entry is bundled to JavaScript; JavaScript stays as it is.</summary>
    [JsonStringEnumMemberName("typescript")]
    TypeScript,

    /// <summary>C# sources are compiled to an assembly; an assembly stays as it is.</summary>
    [JsonStringEnumMemberName("csharp")]
    CSharp,
}
