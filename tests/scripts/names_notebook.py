"""Character models of names: counts, then a network by hand, in the style of a course's notebooks."""

import sys

import torch
import torch.nn.functional as F

init = sys.argv[1] if len(sys.argv) > 1 else None

words = """ada alan alonzo anna barbara bjarne carl claude dana dennis donald edsger emmy ernst frances grace
guido hedy ivan james joan john karen kathleen ken leonhard linus lotfi margaret marie niklaus noam
peter radia richard robin rosa sophie stephen tony vint whitfield yoshua yukihiro""".split()
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
V = len(stoi)

# 1. bigram counts
N = torch.zeros((V, V), dtype=torch.int32)
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        N[stoi[ch1], stoi[ch2]] += 1
P = (N + 1).float()
P /= P.sum(1, keepdims=True)
log_likelihood = 0.0
n = 0
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        log_likelihood += torch.log(P[stoi[ch1], stoi[ch2]])
        n += 1
print(f"counts: loss {(-log_likelihood / n).item():.6f}")

# 2. the same with a layer of neurons
xs = torch.tensor([stoi[a] for w in words for a in "." + w])
ys = torch.tensor([stoi[b] for w in words for b in w + "."])
num = xs.nelement()
W = torch.zeros((V, V), requires_grad=True)
for k in range(20):
    xenc = F.one_hot(xs, num_classes=V).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -30 * W.grad
    print(f"bigram {k}: loss {loss.item():.6f}")

# 3. an MLP over three characters, with batch normalisation by hand
block_size = 3
X, Y = [], []
for w in words:
    context = [0] * block_size
    for ch in w + ".":
        X.append(context)
        Y.append(stoi[ch])
        context = context[1:] + [stoi[ch]]
X, Y = torch.tensor(X), torch.tensor(Y)
g = torch.Generator().manual_seed(2147483647)
n_embd, n_hidden = 6, 24
C = torch.randn((V, n_embd), generator=g)
W1 = torch.randn((n_embd * block_size, n_hidden), generator=g) * (5 / 3) / ((n_embd * block_size) ** 0.5)
W2 = torch.randn((n_hidden, V), generator=g) * 0.01
b2 = torch.zeros(V)
bngain, bnbias = torch.ones((1, n_hidden)), torch.zeros((1, n_hidden))
if init:
    state = torch.load(init)
    C, W1, W2 = state["C"], state["W1"], state["W2"]
parameters = [C, W1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True
print("parameters:", sum(p.nelement() for p in parameters))
for i in range(50):
    ix = torch.arange(i * 7, i * 7 + 32) % X.shape[0]
    Xb, Yb = X[ix], Y[ix]
    emb = C[Xb]
    hpreact = emb.view(emb.shape[0], -1) @ W1
    bnmeani = hpreact.mean(0, keepdim=True)
    bnstdi = hpreact.std(0, keepdim=True)
    h = torch.tanh(bngain * (hpreact - bnmeani) / bnstdi + bnbias)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Yb)
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 40 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    print(f"mlp {i}: loss {loss.item():.6f}")

# 4. sampling
with torch.no_grad():
    for _ in range(3):
        out, context = [], [0] * block_size
        while len(out) < 12:
            h = torch.tanh(bngain * (C[torch.tensor([context])].view(1, -1) @ W1 - bnmeani) / bnstdi + bnbias)
            probs = F.softmax(h @ W2 + b2, dim=1)
            ix = torch.multinomial(probs, num_samples=1, generator=g).item()
            context = context[1:] + [ix]
            if ix == 0:
                break
            out.append(itos[ix])
        print("sample:", "".join(out))
