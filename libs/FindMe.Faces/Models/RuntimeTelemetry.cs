using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>Keeps ONNX Runtime from reporting to its maker.</summary>
/// <remarks>
/// Its official builds store an identifier of the device in the user's cache folder and send events to Microsoft, unless
/// <c>ORT_DISABLE_TELEMETRY</c> is set before it starts: https://github.com/microsoft/onnxruntime/blob/main/docs/Privacy.md.
/// </remarks>
internal static partial class RuntimeTelemetry
{
    private const string Variable = "ORT_DISABLE_TELEMETRY";

    /// <summary>Turns it off, whatever the environment says. Runs when this assembly is loaded, so before anything in it can start ONNX Runtime.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A call that somebody has to make could be forgotten.")]
    internal static void TurnOff()
    {
        Environment.SetEnvironmentVariable(Variable, "1");
        if (!OperatingSystem.IsWindows())
        {
            // .NET keeps a copy of the variables on Unix; the library reads the process's own.
            _ = SetVariable(Variable, "1", overwrite: 1);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
