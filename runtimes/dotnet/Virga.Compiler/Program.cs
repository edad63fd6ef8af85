using System.Text;
using System.Text.Json;
using Virga.Compiler;

// One request per line, one answer per line, in order; the end of the input ends the process.
using Stream input = Console.OpenStandardInput();
using Stream output = Console.OpenStandardOutput();
using var lines = new StreamReader(input, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
Console.SetOut(Console.Error);

var compiler = new FunctionCompiler();
Task warmUp = Task.Run(compiler.WarmUp);
while (await lines.ReadLineAsync() is { } line)
{
    await warmUp;
    CompileResult result;
    try
    {
        result = JsonSerializer.Deserialize(line, CompilerJson.Default.CompileRequest) is { Source: not null, Output: not null } request
            ? compiler.Compile(request)
            : throw new JsonException("A request needs 'source' and 'output'.");
    }
    catch (JsonException exception)
    {
        result = new CompileResult(0, Ok: false, Diagnostics: [new SourceDiagnostic(string.Empty, 0, 0, "VIRGA002", exception.Message)]);
    }

    byte[] answer = JsonSerializer.SerializeToUtf8Bytes(result, CompilerJson.Default.CompileResult);
    await output.WriteAsync((byte[])[.. answer, (byte)'\n']);
    await output.FlushAsync();
}

await warmUp;
