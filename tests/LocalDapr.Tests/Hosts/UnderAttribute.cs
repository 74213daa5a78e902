using System.Reflection;
using Xunit.v3;

namespace LocalDapr.Tests;

/// <summary>Runs the cases of a class against the local sidecar with the rules of another broker, store and daprd version.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class UnderAttribute(BrokerProfile broker, StoreProfile store, DaprVersion version) : Attribute
{
    public BrokerProfile Broker { get; } = broker;

    public StoreProfile Store { get; } = store;

    public DaprVersion Version { get; } = version;

    /// <summary>The attribute of the running test's class; null for none.</summary>
    internal static UnderAttribute? OfThisTest => (TestContext.Current.TestClass as IXunitTestClass)?.Class.GetCustomAttribute<UnderAttribute>();
}
