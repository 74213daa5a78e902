using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>face-api.js in a process of its own: <c>bench/peer/peer.mjs</c>, which is given paths and answers with faces.</summary>
internal sealed class PeerProcess : IDisposable
{
    private static readonly JsonSerializerOptions Names = new(JsonSerializerDefaults.Web);

    private readonly Process _process;

    private PeerProcess(Process process) => _process = process;

    /// <summary>What it runs on, as it says itself: versions, whether SIMD and threads are used, and how long it took to start.</summary>
    public JsonObject Setup { get; private set; } = [];

    /// <summary>Starts it and waits until its models are loaded.</summary>
    /// <param name="folder">The folder of <c>peer.mjs</c>, installed.</param>
    /// <exception cref="EvaluationException">Node.js or what it needs is missing.</exception>
    public static PeerProcess Start(string folder)
    {
        var peer = Launch(folder);
        peer.ReadSetup();
        return peer;
    }

    /// <summary>As <see cref="Start"/>, but asks for a photo before it is ready, and waits for what it shows.</summary>
    /// <returns>Milliseconds from before the process was made until the faces are known.</returns>
    public static double MeasureFirst(string folder, string path)
    {
        var started = Stopwatch.GetTimestamp();
        using var peer = Launch(folder);
        peer.Ask(path);
        peer.ReadSetup();
        peer.ReadAnswer(path);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>Lets it analyse a photo.</summary>
    /// <returns>Its own time, without reading the file, and the faces; null where it cannot read the photo.</returns>
    public Answer? Analyze(string path)
    {
        Ask(path);
        return ReadAnswer(path);
    }

    public void Dispose()
    {
        // An empty line ends it; what does not end at once is ended.
        try
        {
            _process.StandardInput.WriteLine();
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        if (!_process.WaitForExit(milliseconds: 2_000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static PeerProcess Launch(string folder)
    {
        var script = Path.Combine(folder, "peer.mjs");
        if (!File.Exists(script) || !Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            throw new EvaluationException($"{folder} holds no installed peer: run bench/peer/install, or say with --peer where it is.");
        }

        try
        {
            return new PeerProcess(Process.Start(new ProcessStartInfo("node", [script])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!);
        }
        catch (Win32Exception)
        {
            throw new EvaluationException("The peer needs Node.js 20.9 or newer on the PATH: https://nodejs.org");
        }
    }

    private void Ask(string path)
    {
        _process.StandardInput.WriteLine(Path.GetFullPath(path));
        _process.StandardInput.Flush();
    }

    private void ReadSetup() => Setup = JsonNode.Parse(ReadLine())!.AsObject();

    private Answer? ReadAnswer(string path)
    {
        var answer = JsonSerializer.Deserialize<Answer>(ReadLine(), Names) ?? throw new EvaluationException($"The peer says nothing of {path}.");
        return answer.Error is null ? answer : null;
    }

    private string ReadLine() =>
        _process.StandardOutput.ReadLine() ?? throw new EvaluationException("The peer ended: what it wrote above says why.");

    /// <summary>What it found in a photo.</summary>
    /// <param name="Ms">Milliseconds for all of it.</param>
    /// <param name="ProcessorMs">Milliseconds of processors that it took, whatever else they did.</param>
    /// <param name="DecodeMs">Of <paramref name="Ms"/>, for decoding.</param>
    /// <param name="Rss">Bytes of memory it has now.</param>
    /// <param name="Faces">The faces, as it orders them.</param>
    /// <param name="Error">Why it could not read the photo; null if it could.</param>
    internal sealed record Answer(double Ms, double ProcessorMs, double DecodeMs, long Rss, IReadOnlyList<Face> Faces, string? Error);

    /// <summary>A face it found.</summary>
    /// <param name="Box">Left, top, width and height in pixels.</param>
    /// <param name="Score">0 to 1.</param>
    /// <param name="Descriptor">128 numbers.</param>
    internal sealed record Face(float[] Box, float Score, float[] Descriptor)
    {
        public Box ToBox() => new(Box[0], Box[1], Box[2], Box[3]);

        public FaceEmbedding ToEmbedding() => FaceEmbedding.FromModelOutput(Descriptor, EmbeddingMetric.Euclidean);
    }
}
