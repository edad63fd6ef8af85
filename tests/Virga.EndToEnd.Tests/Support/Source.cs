namespace Virga.EndToEnd.Tests.Support;

/// <summary>A function of one source file.</summary>
/// <param name="Environment">What runs it.</param>
/// <param name="File">The file's name.</param>
/// <param name="Text">The file's text.</param>
public sealed record Source(string Environment, string File, string Text)
{
    public static Source JavaScript(string text) => new("node", "index.mjs", text);

    public static Source CommonJs(string text) => new("node", "index.cjs", text);

    public static Source TypeScript(string text) => new("node", "index.ts", text);

    public static Source Python(string text) => new("python", "main.py", text);

    public static Source CSharp(string text) => new("dotnet", "Function.cs", text);

    public static Source Shell(string text) => new("exec", "run.sh", "#!/bin/sh\n" + text);
}
