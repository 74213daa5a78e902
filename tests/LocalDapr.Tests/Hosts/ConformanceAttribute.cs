using Xunit.v3;

namespace LocalDapr.Tests;

/// <summary>Marks a test as a rule of Dapr's HTTP contract, named by the test, with its place in Dapr's source (dapr/dapr v1.18.3, components-contrib v1.18.4).</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ConformanceAttribute(string id, string source) : Attribute, ITraitAttribute
{
    public const string Trait = "conformance";

    public string Id { get; } = id;

    public string Source { get; } = source;

    /// <summary>The broker or store that has this rule, if they differ.</summary>
    public string Profile { get; init; } = "";

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new(Trait, Id)];
}
