using Microsoft.ML.OnnxRuntime;

namespace FindMe.Faces;

/// <summary>The memory that all models of a process compute in.</summary>
/// <remarks>
/// A layer of the detector asks for up to 100 MB. Taken from the system and given back each time, its pages cost a fifth of the layer's
/// time, and two threads wait for each other to get them. What is kept is bounded by what the detector is given at once.
/// </remarks>
internal static class Arena
{
    // kSameAsRequested of ONNX Runtime: it grows by what is asked for, not by powers of two.
    private const int GrowByRequest = 1;

    private static readonly Lazy<bool> Registered = new(() =>
    {
        using var memory = new OrtMemoryInfo(OrtMemoryInfo.allocatorCPU, OrtAllocatorType.ArenaAllocator, 0, OrtMemType.Default);
        using var arena = new OrtArenaCfg(maxMemory: 0, GrowByRequest, initialChunkSizeBytes: -1, maxDeadBytesPerChunk: -1);
        OrtEnv.Instance().CreateAndRegisterAllocator(memory, arena);
        return true;
    });

    /// <summary>Starts ONNX Runtime, which takes a thread most of a tenth of a second, and makes the memory.</summary>
    public static void Prepare() => _ = Registered.Value;

    /// <summary>Has a session take its memory there.</summary>
    public static void Share(SessionOptions options)
    {
        options.EnableCpuMemArena = true;
        options.AddSessionConfigEntry("session.use_env_allocators", Registered.Value ? "1" : "0");
    }
}
