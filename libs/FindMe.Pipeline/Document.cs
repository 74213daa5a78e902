using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>The base of messages and state documents, which outlive the version of the app that wrote them.</summary>
/// <remarks>
/// Rolling deployments run two versions at once, so messages and state are versioned. A new member only needs a default: an older version keeps
/// members that it does not know and writes them back. Only a change that an older version would misread raises <see cref="Schema"/>; the older
/// version then fails, and Dapr redelivers the message until a newer one handles it.
/// </remarks>
public abstract record Document : IJsonOnDeserialized
{
    /// <summary>The version of this document's schema.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>The id of the write that produced this version of a state document, by which the writer recognizes its own write; null for messages and unconditional writes.</summary>
    public string? Write { get; init; }

    /// <summary>Members unknown to this version; preserved when the document is written back.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; init; }

    /// <summary>The newest schema that this version reads; it reads older ones too.</summary>
    protected virtual int KnownSchema => 1;

    /// <inheritdoc />
    /// <exception cref="NewerSchemaException">A newer version wrote the document.</exception>
    void IJsonOnDeserialized.OnDeserialized()
    {
        if (Schema > KnownSchema)
        {
            throw new NewerSchemaException($"A {GetType().Name} has schema {Schema}; this version reads up to {KnownSchema}. A newer version of the app must handle it.");
        }
    }
}

/// <summary>A newer version of FindMe wrote a document in a schema that this version would misread.</summary>
/// <param name="message">Names the document and the schemas.</param>
public sealed class NewerSchemaException(string message) : Exception(message);
