using System.Reflection;
using Xunit.v3;

namespace LocalDapr.Tests;

/// <summary>A class whose cases, which are written for HTTP, go over gRPC.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OverGrpcAttribute : Attribute
{
    /// <summary>Whether the class whose test runs has it.</summary>
    internal static bool IsOnThisTest => (TestContext.Current.TestClass as IXunitTestClass)?.Class.GetCustomAttribute<OverGrpcAttribute>() is not null;
}
