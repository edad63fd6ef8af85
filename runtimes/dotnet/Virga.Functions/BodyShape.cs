namespace Virga.Functions;

/// <summary>How a body is given to the function.</summary>
internal enum BodyShape
{
    Json,
    Text,
    Bytes,
}
