using System.Text.Json;
using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>What is common to messages and state documents: they outlive the version of the app that wrote them.</summary>
/// <remarks>
/// Rolling deployments run two versions at once, so messages and state are versioned. A new member only needs a default: an older version keeps
/// members that it does not know and writes them back. Only a change that an older version would misread raises <see cref="Schema"/>; the older
/// version then fails, and Dapr redelivers the message until a newer one handles it.
/// </remarks>
public abstract record Document : IJsonOnDeserialized
{
    /// <summary>The version of this document's shape.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Names the write that made this version of a state document, so that its writer knows it again; null: a message, or written without a condition.</summary>
    public string? Write { get; init; }

    /// <summary>Members that this version does not know; written back as they were read.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; init; }

    /// <summary>The newest shape that this version reads; older ones are read too.</summary>
    protected virtual int KnownSchema => 1;

    /// <inheritdoc />
    /// <exception cref="NewerSchemaException">The document was written by a newer version.</exception>
    void IJsonOnDeserialized.OnDeserialized()
    {
        if (Schema > KnownSchema)
        {
            throw new NewerSchemaException($"A {GetType().Name} has schema {Schema}; this version reads up to {KnownSchema}. A newer version of the app takes it.");
        }
    }
}

/// <summary>A document was written by a newer version of FindMe in a shape that this one would misread.</summary>
/// <param name="message">Which document, and which shapes.</param>
public sealed class NewerSchemaException(string message) : Exception(message);
