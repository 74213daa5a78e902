using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using FindMe.Faces;

namespace FindMe.Evaluation;

/// <summary>Runs face-api.js as a process: <c>bench/peer/peer.mjs</c>, which reads paths and returns faces.</summary>
internal sealed class PeerProcess : IDisposable
{
    private static readonly JsonSerializerOptions Names = new(JsonSerializerDefaults.Web);

    private readonly Process _process;

    private PeerProcess(Process process) => _process = process;

    /// <summary>The peer's own description of its platform: versions, use of SIMD and threads, and start time.</summary>
    public JsonObject Setup { get; private set; } = [];

    /// <summary>Starts it and waits until its models are loaded.</summary>
    /// <param name="folder">The folder of <c>peer.mjs</c>, installed.</param>
    /// <exception cref="EvaluationException">Node.js or an npm package is missing.</exception>
    public static PeerProcess Start(string folder)
    {
        var peer = Launch(folder);
        peer.ReadSetup();
        return peer;
    }

    /// <summary>Starts a process, sends one photo at once, and waits for its faces.</summary>
    /// <returns>Milliseconds from process creation to the result.</returns>
    public static double MeasureFirst(string folder, string path)
    {
        var started = Stopwatch.GetTimestamp();
        using var peer = Launch(folder);
        peer.Ask(path);
        peer.ReadSetup();
        peer.ReadAnswer(path);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>Analyses a photo.</summary>
    /// <returns>The peer's time, without reading the file, and the faces; null when it cannot read the photo.</returns>
    public Answer? Analyze(string path)
    {
        Ask(path);
        return ReadAnswer(path);
    }

    public void Dispose()
    {
        // An empty line stops the peer; if it does not exit soon, it is killed.
        try
        {
            _process.StandardInput.WriteLine();
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has already exited.
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
            throw new EvaluationException($"{folder} has no installed peer: run bench/peer/install, or give its folder with --peer.");
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
        var answer = JsonSerializer.Deserialize<Answer>(ReadLine(), Names) ?? throw new EvaluationException($"The peer returned no result for {path}.");
        return answer.Error is null ? answer : null;
    }

    private string ReadLine() =>
        _process.StandardOutput.ReadLine() ?? throw new EvaluationException("The peer exited: see its output above.");

    /// <summary>The peer's result for a photo.</summary>
    /// <param name="Ms">Elapsed time in milliseconds.</param>
    /// <param name="ProcessorMs">Processor time in milliseconds.</param>
    /// <param name="DecodeMs">Decoding time in milliseconds, part of <paramref name="Ms"/>.</param>
    /// <param name="Rss">Current memory in bytes.</param>
    /// <param name="Faces">The faces, in the peer's order.</param>
    /// <param name="Error">Why it could not read the photo; null for none.</param>
    internal sealed record Answer(double Ms, double ProcessorMs, double DecodeMs, long Rss, IReadOnlyList<Face> Faces, string? Error);

    /// <summary>A detected face.</summary>
    /// <param name="Box">Left, top, width and height in pixels.</param>
    /// <param name="Score">0 to 1.</param>
    /// <param name="Descriptor">The 128 values of the embedding.</param>
    internal sealed record Face(float[] Box, float Score, float[] Descriptor)
    {
        public Box ToBox() => new(Box[0], Box[1], Box[2], Box[3]);

        public FaceEmbedding ToEmbedding() => FaceEmbedding.FromModelOutput(Descriptor, EmbeddingMetric.Euclidean);
    }
}
