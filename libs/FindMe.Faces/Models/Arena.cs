using Microsoft.ML.OnnxRuntime;

namespace FindMe.Faces;

/// <summary>The memory arena that all ONNX Runtime sessions of the process share.</summary>
/// <remarks>
/// A layer of the detector allocates up to 100 MB. Without an arena, mapping these pages each time takes a fifth of the layer's time and
/// makes threads wait for each other. The arena's size is bounded by <see cref="FaceDetection.MaxPixelsAtOnce"/>.
/// </remarks>
internal static class Arena
{
    // kSameAsRequested of ONNX Runtime: the arena grows by the requested size, not to the next power of two.
    private const int GrowByRequest = 1;

    private static readonly Lazy<bool> Registered = new(() =>
    {
        using var memory = new OrtMemoryInfo(OrtMemoryInfo.allocatorCPU, OrtAllocatorType.ArenaAllocator, 0, OrtMemType.Default);
        using var arena = new OrtArenaCfg(maxMemory: 0, GrowByRequest, initialChunkSizeBytes: -1, maxDeadBytesPerChunk: -1);
        OrtEnv.Instance().CreateAndRegisterAllocator(memory, arena);
        return true;
    });

    /// <summary>Starts ONNX Runtime, which takes nearly 100 ms, and registers the arena.</summary>
    public static void Prepare() => _ = Registered.Value;

    /// <summary>Makes a session allocate from the arena.</summary>
    public static void Share(SessionOptions options)
    {
        options.EnableCpuMemArena = true;
        options.AddSessionConfigEntry("session.use_env_allocators", Registered.Value ? "1" : "0");
    }
}
