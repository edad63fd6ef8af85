using Virga.Cli.Functions;
using Virga.Cli.Routes;
using Virga.Core.Names;

namespace Virga.Cli.Apply;

/// <summary>A function as <c>virga.yaml</c> declares it.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Path">Where its code is, from the root.</param>
/// <param name="Settings">What the file says about it; the rest has its default.</param>
/// <param name="Routes">Routes to it.</param>
internal sealed record FunctionEntry(ResourceName Name, string Path, FunctionSettings Settings, IReadOnlyList<RouteText> Routes);
