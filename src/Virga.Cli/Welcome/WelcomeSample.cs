using Virga.Core.Names;

namespace Virga.Cli.Welcome;

/// <summary>A sample that the tour deploys: a folder of the repository that holds a function.</summary>
/// <param name="Language">What the table calls its language.</param>
/// <param name="Folder">Its folder's name, which is also the function's name.</param>
internal sealed record WelcomeSample(string Language, string Folder)
{
    public static readonly IReadOnlyList<WelcomeSample> All =
    [
        new("JavaScript", "hello-js"),
        new("TypeScript", "hello-ts"),
        new("Python", "hello-python"),
        new("C#", "hello-csharp"),
    ];

    public ResourceName Name => ResourceName.Parse(Folder);
}
