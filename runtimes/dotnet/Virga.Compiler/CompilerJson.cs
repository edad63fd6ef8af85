using System.Text.Json;
using System.Text.Json.Serialization;

namespace Virga.Compiler;

/// <summary>The lines that the compiler reads and writes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CompileRequest))]
[JsonSerializable(typeof(CompileResult))]
internal sealed partial class CompilerJson : JsonSerializerContext;
