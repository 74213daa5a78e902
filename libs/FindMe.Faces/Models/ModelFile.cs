using System.Security.Cryptography;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FindMe.Faces;

/// <summary>A loaded ONNX model; thread-safe.</summary>
internal sealed class ModelFile : IDisposable
{
    /// <summary>Marks a dimension of a <see cref="Tensor"/> that may be free or 1: the batch size of a model with or without batching.</summary>
    public const int OneOrMany = -2;

    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();
    private readonly string[] _inputs;
    private readonly string[] _outputs;

    private ModelFile(InferenceSession session, string input, string[] outputs)
    {
        _session = session;
        _inputs = [input];
        _outputs = outputs;
    }

    /// <summary>Loads a model and checks the names, shapes and types of its input and outputs.</summary>
    /// <param name="path">The file.</param>
    /// <param name="input">Expected input; -1 for a free dimension.</param>
    /// <param name="outputs">Expected outputs, in the order in which <see cref="Run(Memory{float}, long[])"/> returns them.</param>
    /// <param name="sha256">Expected digest in lower-case hexadecimal digits; null to accept any.</param>
    /// <param name="threads">Threads that share each run; the outputs do not depend on it.</param>
    /// <exception cref="ModelException">The file is missing, not a model, or another model.</exception>
    public static ModelFile Load(string path, Tensor input, Tensor[] outputs, string? sha256 = null, int threads = 1)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"The model {path} is missing: {HowToRebuild}.");
        }

        if (sha256 is not null && DigestOf(path) is var digest && digest != sha256)
        {
            throw new ModelException($"The model {path} is damaged or another model: its sha256 is {digest}, expected {sha256}; {HowToRebuild}.");
        }

        using var options = new SessionOptions
        {
            // Usually one thread per photo: photos in parallel scale nearly linearly with the cores, threads inside a model do not.
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,

            // ONNX Runtime keeps a memory pattern for each input shape, and photos come in many shapes.
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        Arena.Share(options);

        // Waiting threads would otherwise compete with other photos.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        InferenceSession session;
        try
        {
            session = new InferenceSession(path, options);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelException($"The model {path} is damaged: {HowToRebuild}.", exception);
        }

        var model = new ModelFile(session, input.Name, Array.ConvertAll(outputs, output => output.Name));
        if (input.Is(session.InputMetadata) && outputs.All(output => output.Is(session.OutputMetadata)))
        {
            return model;
        }

        model.Dispose();
        throw new ModelException(
            $"The model {path} is another model: expected {input} → {string.Join(", ", outputs)}, "
            + $"found {Describe(session.InputMetadata)} → {Describe(session.OutputMetadata)}; {HowToRebuild}.");
    }

    /// <summary>Advice for errors about missing or wrong models.</summary>
    public const string HowToRebuild = $"delete the file if it exists, then {GetModels}";

    private const string GetModels = "add the package FindMe.Faces.Models or, in a checkout of FindMe, run: dotnet run --project apps/FindMe.Local";

    /// <summary>Advice for a missing description: the names that exist, or how to build the models.</summary>
    /// <param name="path">The missing file.</param>
    /// <param name="ending">The end of such file names. The name before it has no dot.</param>
    public static string AlternativesTo(string path, string ending)
    {
        var folder = Path.GetDirectoryName(path)!;
        var names = Directory.Exists(folder)
            ? Directory.GetFiles(folder, $"*{ending}").Select(file => Path.GetFileName(file)[..^ending.Length]).Where(name => !name.Contains('.', StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList()
            : [];
        return names.Count > 0 ? $"Available: {string.Join(", ", names)}." : $"To get the models, {GetModels}.";
    }

    /// <summary>Whether the model accepts batches of more than one.</summary>
    public bool SupportsBatches => _session.InputMetadata[_inputs[0]].Dimensions[0] == -1;

    /// <summary>Runs the model.</summary>
    /// <param name="input">Values of the input; not modified.</param>
    /// <param name="shape">Shape of the input.</param>
    /// <returns>The outputs; the caller disposes them.</returns>
    public IDisposableReadOnlyCollection<OrtValue> Run(Memory<float> input, params long[] shape) => Run<float>(input, shape);

    /// <inheritdoc cref="Run(Memory{float}, long[])"/>
    public IDisposableReadOnlyCollection<OrtValue> Run(Memory<byte> input, params long[] shape) => Run<byte>(input, shape);

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }

    private IDisposableReadOnlyCollection<OrtValue> Run<T>(Memory<T> input, long[] shape)
        where T : unmanaged
    {
        using var value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, input, shape);
        using var stage = Stages.Start("onnxruntime");
        return _session.Run(_runOptions, _inputs, [value], _outputs);
    }

    private static string DigestOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static string Describe(IReadOnlyDictionary<string, NodeMetadata> values) =>
        string.Join(", ", values.Select(value => new Tensor(value.Key, value.Value.Dimensions) { Type = value.Value.ElementDataType }));

    /// <summary>Name, shape and type of an input or output; -1 for a free dimension.</summary>
    internal sealed record Tensor(string Name, params int[] Shape)
    {
        public TensorElementType Type { get; init; } = TensorElementType.Float;

        public bool Is(IReadOnlyDictionary<string, NodeMetadata> values) =>
            values.TryGetValue(Name, out var value)
            && value.ElementDataType == Type
            && value.Dimensions.Length == Shape.Length
            && value.Dimensions.Zip(Shape).All(pair => pair.First == pair.Second || (pair.Second == OneOrMany && pair.First is -1 or 1));

        public override string ToString()
        {
            var shape = $"{Name} [{string.Join(", ", Shape.Select(size => size < 0 ? "N" : $"{size}"))}]";
            return Type == TensorElementType.Float ? shape : $"{shape} of {Type}";
        }
    }
}
