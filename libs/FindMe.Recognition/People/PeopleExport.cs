using System.Text.Json;
using FindMe.Faces;
using FindMe.Onnx;

namespace FindMe.Recognition;

/// <summary>Exports the recognition model and a people model as one ONNX model, for use without FindMe, such as in a browser or on a phone.</summary>
/// <remarks>
/// Input: <c>chip</c> [N, 3, side, side], the face aligned by the recipe: red, green, blue, 0 to 255. Outputs: <c>embedding</c> [N, length];
/// <c>distances</c> [N, people] from each person's centroid; <c>probabilities</c> [N, people + 1], strangers last. A face is a person's if
/// the probability is at least 0.5. The model's metadata contains the names as JSON under <c>people</c>. The export adds only operators
/// whose meaning is the same in all opsets from 9 on, since the recipe's model may use any of them.
/// </remarks>
public static class PeopleExport
{
    private const int ModelGraph = 7;
    private const int ModelMetadata = 14;
    private const int GraphInitializer = 5;
    private const int GraphInput = 11;
    private const int GraphOutput = 12;
    private const int GraphValueInfo = 13;

    // Weights with fewer values are not quantized: the scales of their rows would take up the savings.
    private const int MinQuantizedValues = 1_024;

    /// <summary>Name of the input.</summary>
    public const string Input = "chip";

    /// <summary>Name of the output with probabilities.</summary>
    public const string Probabilities = "probabilities";

    private const string PeopleKey = "people";
    private const string RecipeKey = "recipe";

    /// <summary>Returns the exported model.</summary>
    /// <param name="model">The people model.</param>
    /// <param name="engine">An engine with the recipe that the people were trained with.</param>
    /// <param name="eightBit">
    /// Whether to store the weights of the recognition model in 8 bits with a scale per row, which takes a quarter of the size. The model
    /// still computes with floats.
    /// </param>
    /// <exception cref="PeopleException">The engine has another recipe, or its model does not support the batches that the recipe needs.</exception>
    /// <exception cref="ModelException">The file of the recipe's model is missing.</exception>
    public static byte[] ToOnnx(PeopleModel model, FaceEngine engine, bool eightBit)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(engine);
        if (model.Recipe != engine.Recipe)
        {
            throw new PeopleException($"The people were trained with {model.Recipe}, but the engine uses {engine.Recipe}: set the recipe used for training, or train again.");
        }

        var recipe = engine.RecognitionRecipe;
        if (recipe.Mirror && !engine.Recognition.SupportsBatches)
        {
            throw new PeopleException($"{recipe.Model.File} cannot be exported: it processes one face per run, but its recipe needs two (mirror: true). Use a model that supports batches.");
        }

        var path = Path.Combine(ModelFolder.Find(engine.Options.ModelsPath), recipe.Model.File);
        var backbone = File.Exists(path) ? File.ReadAllBytes(path) : throw new ModelException($"The model {path} is missing: {ModelFile.HowToRebuild}.");
        var result = new ProtobufWriter();
        foreach (var field in ProtobufField.Read(backbone))
        {
            if (field.Number == ModelGraph)
            {
                result.Message(ModelGraph, WriteGraph(field.Bytes, model, recipe, eightBit));
            }
            else if (field.Number != ModelMetadata)
            {
                result.Copy(field);
            }
        }

        WriteMetadata(result, PeopleKey, JsonSerializer.Serialize([.. model.People, PeopleFolder.Unknown], ExportJson.Default.StringArray));
        WriteMetadata(result, RecipeKey, model.Recipe);
        return result.ToArray();
    }

    /// <summary>Reads the names and the recipe of an exported model.</summary>
    /// <param name="model">The result of <see cref="ToOnnx"/>.</param>
    /// <returns>The names in the order of the probabilities, strangers last, and the recipe.</returns>
    /// <exception cref="PeopleException">The bytes are not an exported model.</exception>
    public static (IReadOnlyList<string> People, string Recipe) ReadMetadata(ReadOnlyMemory<byte> model)
    {
        try
        {
            var entries = ProtobufField.Read(model)
                .Where(field => field.Number == ModelMetadata)
                .Select(field => ProtobufField.Read(field.Bytes).ToDictionary(part => part.Number, part => part.Text))
                .ToDictionary(entry => entry[1], entry => entry[2]);
            return (JsonSerializer.Deserialize(entries[PeopleKey], ExportJson.Default.StringArray) ?? throw new JsonException("no names"), entries[RecipeKey]);
        }
        catch (Exception exception) when (exception is InvalidDataException or KeyNotFoundException or ArgumentException or JsonException)
        {
            throw new PeopleException("The file is not an exported people model: create it with findme people train --edge or --onnx.", exception);
        }
    }

    private static void WriteMetadata(ProtobufWriter model, string key, string value)
    {
        var entry = new ProtobufWriter();
        entry.Text(1, key);
        entry.Text(2, value);
        model.Message(ModelMetadata, entry);
    }

    private static ProtobufWriter WriteGraph(ReadOnlyMemory<byte> backbone, PeopleModel model, RecognitionRecipe recipe, bool eightBit)
    {
        var before = new OnnxGraph("people", "chip/");
        Normalize(before, recipe);
        var after = new OnnxGraph("people", "people/");
        Classify(after, model, recipe);
        var (weights, expansions, rest) = (new ProtobufWriter(), new ProtobufWriter(), new ProtobufWriter());
        foreach (var field in ProtobufField.Read(backbone))
        {
            switch (field.Number)
            {
                case GraphInput or GraphOutput or GraphValueInfo:
                    break;
                case GraphInitializer when eightBit && OnnxTensor.Read(field.Bytes) is { Type: OnnxTensor.FloatType, Shape.Length: >= 2 } tensor
                    && tensor.Data.Length >= MinQuantizedValues * sizeof(float):
                    Quantize(tensor, weights, expansions);
                    break;
                default:
                    rest.Copy(field);
                    break;
            }
        }

        // ONNX requires nodes in the order of their computation.
        var graph = new ProtobufWriter();
        graph.Append(before.Nodes);
        graph.Append(expansions);
        graph.Append(rest);
        graph.Append(after.Nodes);
        graph.Append(before.Initializers);
        graph.Append(weights);
        graph.Append(after.Initializers);
        graph.Append(before.Inputs);
        graph.Append(after.Outputs);
        return graph;
    }

    // value ≈ byte × scale of its row. ONNX Runtime folds this into constants when it loads the model.
    private static void Quantize(OnnxTensor tensor, ProtobufWriter weights, ProtobufWriter expansions)
    {
        var values = tensor.Floats();
        var rows = tensor.Shape[0];
        var length = values.Length / rows;
        var bytes = new sbyte[values.Length];
        var scales = new float[rows];
        for (var row = 0; row < rows; row++)
        {
            var part = values.AsSpan(row * length, length);
            var largest = 0f;
            foreach (var value in part)
            {
                largest = Math.Max(largest, Math.Abs(value));
            }

            scales[row] = largest / sbyte.MaxValue;
            for (var i = 0; i < part.Length && largest > 0; i++)
            {
                bytes[(row * length) + i] = (sbyte)MathF.Round(part[i] / scales[row]);
            }
        }

        var graph = new OnnxGraph("people", $"{tensor.Name}/");
        var stored = graph.SignedBytes(bytes, tensor.Shape);
        var scale = graph.Floats(scales, [rows, .. Enumerable.Repeat(1, tensor.Shape.Length - 1)]);
        graph.NamedNode(tensor.Name, "Mul", [graph.Node("Cast", [stored], ("to", OnnxTensor.FloatType)), scale]);
        weights.Append(graph.Initializers);
        expansions.Append(graph.Nodes);
    }

    /// <summary>Converts RGB values of 0 to 255 to the input of the recipe's model, and appends the mirror images if the recipe needs them.</summary>
    private static void Normalize(OnnxGraph graph, RecognitionRecipe recipe)
    {
        var side = recipe.Input.Side;
        var x = graph.Input(Input, -1, Picture.Bands, side, side);
        if (recipe.Input.Channels == ChannelOrder.Bgr)
        {
            x = graph.Node("Gather", [x, graph.Longs(2, 1, 0)], ("axis", 1));
        }

        x = graph.Node("Sub", [x, graph.Floats(recipe.Input.Mean, Picture.Bands, 1, 1)]);
        x = graph.Node("Mul", [x, graph.Floats([1 / recipe.Input.Divisor], 1)]);
        if (!recipe.Mirror)
        {
            graph.NamedNode(recipe.Input.Name, "Identity", [x]);
            return;
        }

        var mirrored = graph.Node("Gather", [x, graph.Longs([.. Enumerable.Range(0, side).Reverse().Select(column => (long)column)])], ("axis", 3));
        graph.NamedNode(recipe.Input.Name, "Concat", [x, mirrored], ("axis", 0));
    }

    /// <summary>Computes embedding, distances and probabilities from the model's output, as <see cref="PeopleModel.Name"/> does.</summary>
    private static void Classify(OnnxGraph graph, PeopleModel model, RecognitionRecipe recipe)
    {
        var (length, people) = (recipe.Output.Length, model.People.Count);
        var mean = recipe.Output.Name;
        if (recipe.Mirror)
        {
            var pairs = graph.Node("Reshape", [mean, graph.Longs(2, -1)]);
            mean = graph.Node("Reshape", [graph.Node("MatMul", [graph.Floats([0.5f, 0.5f], 1, 2), pairs]), graph.Longs(-1, length)]);
        }

        var embedding = recipe.Metric == EmbeddingMetric.Cosine
            ? graph.NamedNode("embedding", "Div", [mean, graph.Node("Sqrt", [SquaredNorm(mean)])])
            : graph.NamedNode("embedding", "Identity", [mean]);

        // |e − c|² = |e|² + |c|² − 2e·c.
        var doubled = new float[length * people];
        var norms = new float[people];
        for (var person = 0; person < people; person++)
        {
            for (var i = 0; i < length; i++)
            {
                doubled[(i * people) + person] = -2 * model.Centroids[person][i];
                norms[person] += model.Centroids[person][i] * model.Centroids[person][i];
            }
        }

        var products = graph.Node("Gemm", [embedding, graph.Floats(doubled, length, people), graph.Floats(norms, people)]);
        var squares = graph.Node("Max", [graph.Node("Add", [SquaredNorm(embedding), products]), graph.Floats([0f], 1)]);
        var distances = graph.NamedNode("distances", "Sqrt", [squares]);

        var head = model.Head;
        var scores = graph.Node(
            "Gemm", [embedding, graph.Floats(head.Weights, head.Classes, length), graph.Floats(head.Biases, head.Classes)], ("transB", 1));
        var shares = graph.Node("Softmax", [scores], ("axis", 1));
        if (model.KnowsStrangers)
        {
            shares = graph.Node("Gather", [shares, graph.Longs([.. Enumerable.Range(0, people).Select(person => (long)person)])], ("axis", 1));
        }

        var nearness = graph.Node(
            "Sigmoid", [graph.Node("Mul", [graph.Node("Sub", [graph.Floats([.. model.Midpoints], people), distances]), graph.Floats([model.Steepness], 1)])]);
        var named = graph.Node("Min", [shares, nearness]);
        var sum = graph.Node("MatMul", [named, graph.Floats(Enumerable.Repeat(1f, people).ToArray(), people, 1)]);
        graph.NamedNode(Probabilities, "Concat", [named, graph.Node("Sub", [graph.Floats([1f], 1), sum])], ("axis", 1));
        graph.Output("embedding", -1, length);
        graph.Output("distances", -1, people);
        graph.Output(Probabilities, -1, people + 1);

        string SquaredNorm(string x) =>
            graph.Node("MatMul", [graph.Node("Mul", [x, x]), graph.Floats(Enumerable.Repeat(1f, length).ToArray(), length, 1)]);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string[]))]
internal sealed partial class ExportJson : System.Text.Json.Serialization.JsonSerializerContext;
