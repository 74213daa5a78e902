using System.Security.Cryptography;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FindMe.Faces;

/// <summary>One ONNX model in memory, shared by all threads.</summary>
internal sealed class ModelFile : IDisposable
{
    /// <summary>A dimension of a <see cref="Tensor"/> that may be free or 1: rows of a model that takes several or one at a time.</summary>
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

    /// <summary>Loads a model and checks that it is the expected one by its input and outputs.</summary>
    /// <param name="path">The file.</param>
    /// <param name="input">Name and shape of its input; -1 for a free dimension.</param>
    /// <param name="outputs">Names and shapes of its outputs, in the order they are wanted.</param>
    /// <exception cref="ModelException">The file is missing, no model, or another model.</exception>
    public static ModelFile Load(string path, Tensor input, params Tensor[] outputs) => Load(path, null, input, outputs);

    /// <summary>Loads a model whose bytes are known as well.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">The file's digest in lower-case hexadecimal digits; null if any will do.</param>
    /// <param name="input">Name and shape of its input.</param>
    /// <param name="outputs">Names and shapes of its outputs.</param>
    /// <exception cref="ModelException">The file is missing, no model, or another model.</exception>
    public static ModelFile Load(string path, string? sha256, Tensor input, params Tensor[] outputs)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"The model {path} is missing: {WhatToDo}.");
        }

        if (sha256 is not null && DigestOf(path) is var digest && digest != sha256)
        {
            throw new ModelException($"The model {path} is broken or another one: its sha256 is {digest}, its recipe says {sha256}; {WhatToDo}.");
        }

        using var options = new SessionOptions
        {
            // One thread a photo, and photos in parallel: two cores then do nearly twice the work, which threads inside a model do not.
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,

            // A pattern is kept for each shape, and photos differ in shape.
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        Arena.Share(options);
        InferenceSession session;
        try
        {
            session = new InferenceSession(path, options);
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelException($"The model {path} is broken: {WhatToDo}.", exception);
        }

        var model = new ModelFile(session, input.Name, Array.ConvertAll(outputs, output => output.Name));
        if (input.Is(session.InputMetadata) && outputs.All(output => output.Is(session.OutputMetadata)))
        {
            return model;
        }

        model.Dispose();
        throw new ModelException(
            $"The model {path} is another one: expected {input} → {string.Join(", ", outputs)}, "
            + $"found {Describe(session.InputMetadata)} → {Describe(session.OutputMetadata)}; {WhatToDo}.");
    }

    /// <summary>How to get models that are missing or wrong.</summary>
    public const string WhatToDo = $"delete the file if it is there, and {GetModels}";

    private const string GetModels = "run: dotnet run --project apps/FindMe.Local";

    /// <summary>What to do about a description that is missing: name one that is there, or get the models.</summary>
    /// <param name="path">The missing file.</param>
    /// <param name="ending">How such files end. A name has no dot.</param>
    public static string WhatElse(string path, string ending)
    {
        var folder = Path.GetDirectoryName(path)!;
        var names = Directory.Exists(folder)
            ? Directory.GetFiles(folder, $"*{ending}").Select(file => Path.GetFileName(file)[..^ending.Length]).Where(name => !name.Contains('.', StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList()
            : [];
        return names.Count > 0 ? $"Available: {string.Join(", ", names)}." : $"To get the models, {GetModels}.";
    }

    /// <summary>Whether the model takes several rows at once.</summary>
    public bool TakesMany => _session.InputMetadata[_inputs[0]].Dimensions[0] == -1;

    /// <summary>Computes the model.</summary>
    /// <param name="input">The input's values; read only.</param>
    /// <param name="shape">The input's shape.</param>
    /// <returns>The outputs, to be disposed.</returns>
    public IDisposableReadOnlyCollection<OrtValue> Run(Memory<float> input, params long[] shape)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, input, shape);
        using var stage = Stages.Start("onnxruntime");
        return _session.Run(_runOptions, _inputs, [value], _outputs);
    }

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }

    private static string DigestOf(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private static string Describe(IReadOnlyDictionary<string, NodeMetadata> values) =>
        string.Join(", ", values.Select(value => new Tensor(value.Key, value.Value.Dimensions)));

    /// <summary>Name and shape of a model's input or output; -1 for a free dimension.</summary>
    internal sealed record Tensor(string Name, params int[] Shape)
    {
        public bool Is(IReadOnlyDictionary<string, NodeMetadata> values) =>
            values.TryGetValue(Name, out var value)
            && value.ElementDataType == TensorElementType.Float
            && value.Dimensions.Length == Shape.Length
            && value.Dimensions.Zip(Shape).All(pair => pair.First == pair.Second || (pair.Second == OneOrMany && pair.First is -1 or 1));

        public override string ToString() => $"{Name} [{string.Join(", ", Shape.Select(size => size < 0 ? "N" : $"{size}"))}]";
    }
}
