using Virga.Core.Names;

namespace Virga.Cli.Welcome;

/// <summary>A sample that the tour deploys: a folder of the repository that holds a function.</summary>
/// <param name="Language">What the table calls its language.</param>
/// <param name="Folder">Its folder's name, which is also the function's name.</param>
/// <param name="Method">The HTTP method by which it is called.</param>
internal sealed record WelcomeSample(string Language, string Folder, string Method = "GET")
{
    public static readonly IReadOnlyList<WelcomeSample> All =
    [
        new("JavaScript", "hello-js"),
        new("TypeScript", "hello-ts"),
        new("Python", "hello-python"),
        new("C#", "hello-csharp"),
        new("Shared state", "shared-counter", "POST"),
    ];

    public ResourceName Name => ResourceName.Parse(Folder);
}
