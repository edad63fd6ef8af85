namespace Virga.Topics.Schemas.Avro;

/// <summary>A text is no schema of Avro; the message says where it is not.</summary>
internal sealed class AvroFormatException(string message) : Exception(message);
