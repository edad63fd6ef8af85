using System.CommandLine;
using Virga.Cli.Failures;
using Virga.Core.Names;

namespace Virga.Cli.Init;

/// <summary><c>virga init --lang js|ts|python|csharp NAME</c>: writes a project that works as it is.</summary>
internal static class InitCommand
{
    public static Command Make(CommandFactory factory)
    {
        var name = CommandFactory.NameArgument("The function, and the folder that is made for it");
        var language = CommandFactory.ChoiceOption("--lang", "The language of the function", ProjectTemplate.Languages);
        language.Required = true;
        return factory.Make("init", "Make a new function's folder, with a handler that works", [name, language], scope =>
        {
            Make(scope, scope.Get(name), scope.Get(language)!);
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static void Make(CommandScope scope, ResourceName name, string language)
    {
        var folder = scope.Terminal.Resolve(name.Value);
        if (Directory.Exists(folder) || File.Exists(folder))
        {
            throw new UsageException($"'{name}' exists already in this folder; nothing was written.", "Choose another name, or remove it first.");
        }

        var files = new ProjectTemplate(language).Write(folder, name);
        foreach (var file in files)
        {
            scope.Terminal.Out.WriteLine($"{name}/{file}");
        }

        scope.Note($"Next: virga dev {name}, or cd {name} && virga apply");
    }
}
