"""The training loop of the small GPT: warm-up, cosine decay, accumulated and clipped gradients, checkpoints."""

import argparse
import math
import os
import time
from contextlib import nullcontext

import numpy as np
import torch
from nano_gpt_model import GPT, GPTConfig

parser = argparse.ArgumentParser()
parser.add_argument("--text", required=True)
parser.add_argument("--init", default=None)
parser.add_argument("--out", default="out")
parser.add_argument("--iters", type=int, default=50)
parser.add_argument("--no-flash", action="store_true")
args = parser.parse_args()

batch_size, block_size, gradient_accumulation_steps = 4, 16, 2
learning_rate, min_lr, warmup_iters, lr_decay_iters = 1e-2, 1e-3, 10, args.iters
weight_decay, beta1, beta2, grad_clip = 1e-1, 0.9, 0.99, 1.0

torch.manual_seed(1337)
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = True
device_type = "cuda" if torch.cuda.is_available() else "cpu"
device = torch.device(device_type)
ctx = nullcontext() if device_type == "cpu" else torch.amp.autocast(device_type=device_type)

with open(args.text, encoding="utf-8") as f:
    text = f.read()
chars = sorted(set(text))
stoi = {ch: i for i, ch in enumerate(chars)}
data = np.array([stoi[c] for c in text], dtype=np.uint16)
draws = np.random.RandomState(7)  # the same batches for everybody


def get_batch():
    ix = draws.randint(0, len(data) - block_size, (batch_size,))
    x = torch.stack([torch.from_numpy((data[i : i + block_size]).astype(np.int64)) for i in ix])
    y = torch.stack([torch.from_numpy((data[i + 1 : i + 1 + block_size]).astype(np.int64)) for i in ix])
    return x.to(device), y.to(device)


def get_lr(it):
    if it < warmup_iters:
        return learning_rate * (it + 1) / (warmup_iters + 1)
    if it > lr_decay_iters:
        return min_lr
    decay_ratio = (it - warmup_iters) / (lr_decay_iters - warmup_iters)
    coeff = 0.5 * (1.0 + math.cos(math.pi * decay_ratio))
    return min_lr + coeff * (learning_rate - min_lr)


config = GPTConfig(block_size=block_size, vocab_size=len(chars), flash=not args.no_flash)
model = GPT(config)
if args.init:
    model.load_state_dict(torch.load(args.init), strict=False)
model.to(device)
scaler = torch.amp.GradScaler("cpu", enabled=False)
optimizer = model.configure_optimizers(weight_decay, learning_rate, (beta1, beta2), device_type)

X, Y = get_batch()
t0 = time.time()
for iter_num in range(args.iters):
    lr = get_lr(iter_num)
    for param_group in optimizer.param_groups:
        param_group["lr"] = lr
    for micro_step in range(gradient_accumulation_steps):
        with ctx:
            logits, loss = model(X, Y)
            loss = loss / gradient_accumulation_steps
        X, Y = get_batch()
        scaler.scale(loss).backward()
    if grad_clip != 0.0:
        scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), grad_clip)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
    t1 = time.time()
    print(f"iter {iter_num}: loss {loss.item() * gradient_accumulation_steps:.6f}, norm {norm.item():.6f}")

os.makedirs(args.out, exist_ok=True)
checkpoint = {
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "iter_num": iter_num,
    "config": vars(args),
}
torch.save(checkpoint, os.path.join(args.out, "ckpt.pt"))

model.eval()
start = torch.zeros((1, 1), dtype=torch.long, device=device)
out = model.generate(start, 20, temperature=0.8, top_k=5)[0].tolist()
print("sample:", "".join(chars[i] for i in out).replace("\n", " "))
