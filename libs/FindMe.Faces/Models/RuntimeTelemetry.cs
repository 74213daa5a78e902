using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>Turns off the telemetry of ONNX Runtime.</summary>
/// <remarks>
/// Official builds store a device identifier in the user's cache folder and send events to Microsoft unless
/// <c>ORT_DISABLE_TELEMETRY</c> is set before ONNX Runtime starts: https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md.
/// </remarks>
internal static partial class RuntimeTelemetry
{
    private const string Variable = "ORT_DISABLE_TELEMETRY";

    /// <summary>Overrides the environment. Runs when this assembly loads, so before any of its code can start ONNX Runtime.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Callers could forget an explicit call.")]
    internal static void TurnOff()
    {
        Environment.SetEnvironmentVariable(Variable, "1");
        if (!OperatingSystem.IsWindows())
        {
            // On Unix .NET changes only its own copy of the environment; the native library reads that of the process.
            _ = SetVariable(Variable, "1", overwrite: 1);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
